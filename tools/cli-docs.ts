// The text of docs/CLI.md: what every command's --help says, and the exit codes.
import type { Command } from "commander"
import { newProgram } from "#cli/program.ts"
import type { Roots } from "#cli/roots.ts"
import { EXIT, type Terminal } from "#cli/terminal.ts"

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done",
  failed: "failed",
  usage: "the command line is wrong; nothing was tried",
  unreachable: "a server could not be reached",
  timeout: "what was waited for did not come in time",
  refused: "a server refused: not allowed, invalid, conflict, not found",
  interrupted: "interrupted before it was done",
}

export function cliDocs(): string {
  const program = newProgram({} as Roots, {} as Terminal)
  // As wide as a page, whatever the terminal.
  const configure = (command: Command) =>
    command.configureOutput({ getOutHelpWidth: () => 120, getOutHasColors: () => false })
  configure(program)
  const codes = Object.entries(EXIT).map(([name, code]) => `| ${code} | ${MEANINGS[name as keyof typeof EXIT]} |`)
  const parts = [
    "# The command\n",
    "Written by `npm run generate:docs` from the commands themselves. A failure says what failed, where, why, and the next command;",
    "progress goes to stderr, results to stdout.\n",
    "| exit code | meaning |\n| --- | --- |",
    codes.join("\n") + "\n",
    section("hawser", program),
  ]
  for (const command of program.commands.toSorted((a, b) => (a.name() < b.name() ? -1 : 1))) {
    parts.push(...sections(`hawser ${command.name()}`, configure(command)))
  }
  return parts.join("\n")
}

function sections(name: string, command: Command): string[] {
  const below = command.commands.filter((sub) => sub.name() !== "help")
  return [section(name, command), ...below.flatMap((sub) => sections(`${name} ${sub.name()}`, sub))]
}

const section = (name: string, command: Command) =>
  `## ${name}\n\n\`\`\`\n${command.helpInformation().trimEnd()}\n\`\`\`\n`
