import { Command, CommanderError, type Option } from "commander"
import { addClientCommands } from "./client-commands.ts"
import { completionScript, SHELLS } from "./completion.ts"
import { describeFailure } from "./failure.ts"
import { addInstallCommands } from "./install-commands.ts"
import { addProcessCommands } from "./process-commands.ts"
import type { Roots } from "./roots.ts"
import { addStorageCommands } from "./storage-commands.ts"
import { EXIT, type Terminal } from "./terminal.ts"
import { runVersion, versionLine } from "./version.ts"

/** The whole command line. */
export function newProgram(roots: Roots, terminal: Terminal): Command {
  const program = new Command("hawser")
    .description("A fleet manager for Kubernetes that speaks the API of Open Cluster Management.")
    .configureOutput({ writeOut: terminal.stdout, writeErr: terminal.stderr })
    .version(versionLine(), "--version", "print the version")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ optionDescription: describeOption })
    .addHelpText(
      "after",
      "\nStart here:\n  hawser up            a hub and three members, in this process\n  hawser get clusters  what has joined it\n",
    )
  addProcessCommands(program, roots, terminal)
  addInstallCommands(program, roots, terminal)
  addClientCommands(program, terminal)
  addStorageCommands(program, roots, terminal)
  program
    .command("version")
    .description("print the version")
    .option("-o, --output <format>", "json or yaml")
    .action((options) => runVersion(terminal, options.output))
  program
    .command("completion")
    .description("print a shell's completion script")
    .argument("<shell>", SHELLS.join(", "))
    .action((shell) => terminal.stdout(completionScript(program, shell)))
  const output = { writeOut: terminal.stdout, writeErr: terminal.stderr }
  for (const command of program.commands)
    for (const each of [command, ...command.commands]) each.exitOverride().configureOutput(output)
  return program
}

/** An option that is off or empty unless it is given needs no word about it. */
function describeOption({ description, defaultValue }: Option): string {
  const silent = defaultValue === undefined || defaultValue === false || defaultValue === true
  if (silent || (Array.isArray(defaultValue) && defaultValue.length === 0)) return description
  return `${description} (default: ${String(defaultValue)})`
}

/** Runs one command line. @returns the exit code; failures are already printed */
export async function runProgram(roots: Roots, terminal: Terminal, argv: readonly string[]): Promise<number> {
  const program = newProgram(roots, terminal)
  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (terminal.interrupted.aborted) return EXIT.interrupted
    const { text, exitCode } = describeFailure(error)
    terminal.stderr(text)
    return exitCode
  }
}
