// The commands about what a server keeps: backup, restore, check, reencrypt.
import { Option, type Command } from "commander"
import type { Roots } from "./roots.ts"
import type { Terminal } from "./terminal.ts"

const DIR = ["--dir <dir>", "the server's folder", ".hawser"] as const
const QUIET = ["-q, --quiet", "no progress on stderr", false] as const
const output = () => new Option("-o, --output <format>", "json").choices(["json"])

export function addStorageCommands(program: Command, roots: Roots, terminal: Terminal): void {
  program
    .command("backup")
    .description("write everything that a server keeps, keys included, to one file, while it runs")
    .argument("<file>", "must not be there")
    .option(...DIR)
    .option("--kubeconfig <file>", "an administrator's of a server elsewhere, instead of a folder")
    .addOption(output())
    .option(...QUIET)
    .addHelpText("after", "\nExample:\n  hawser backup monday.backup\n  hawser restore monday.backup --dir again\n")
    .action((file, o) => roots.backup(terminal, { ...o, file }))
  program
    .command("restore")
    .description("make a server's folder from a backup; who watched the old server begins anew")
    .argument("<file>", "what `hawser backup` wrote")
    .option("--dir <dir>", "the new folder: must be absent or empty", ".hawser")
    .addOption(output())
    .option(...QUIET)
    .action((file, o) => roots.restore(terminal, { ...o, file }))
  program
    .command("check")
    .description("look through the database of a server that is down, or a backup")
    .argument("[file]", "a backup or a database (default: the one of --dir)")
    .option(...DIR)
    .option("--full", "indexes against tables, and rows against one another, too", false)
    .addOption(output())
    .action((file, o) => roots.check(terminal, { ...o, ...(file === undefined ? {} : { file }) }))
  program
    .command("reencrypt")
    .description("write anew what is not encrypted with the first key, for a server that is down")
    .option(...DIR)
    .requiredOption(
      "--encryption-provider-config <file>",
      "the EncryptionConfiguration: old keys and the new one, which is first",
    )
    .addOption(output())
    .action((o) => roots.reencrypt(terminal, o))
}
