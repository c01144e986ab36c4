import type { Command } from "commander"
import { CommandError, EXIT } from "./terminal.ts"

export const SHELLS = ["bash", "zsh", "fish"] as const

/** A completion script made from the command tree, so that it is never behind it. @throws CommandError for another shell */
export function completionScript(program: Command, shell: string): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options.map((option) => option.long).filter((long) => long !== null && long !== undefined),
  }))
  const names = commands.map((c) => c.name).join(" ")
  switch (shell) {
    case "bash":
      return `# hawser completion for bash: source <(hawser completion bash)
_hawser() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${names}" -- "$word")); return; fi
  case "\${COMP_WORDS[1]}" in
${commands.map((c) => `    ${c.name}) COMPREPLY=($(compgen -W "${c.options.join(" ")}" -- "$word") $(compgen -f -- "$word")) ;;`).join("\n")}
  esac
}
complete -o filenames -F _hawser hawser
`
    case "zsh":
      return `#compdef hawser
# hawser completion for zsh: source <(hawser completion zsh)
_hawser() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map((c) => `      ${quote(`${c.name}:${c.description}`)}`).join("\n")}
    )
    _describe command commands
    return
  fi
  case "$words[2]" in
${commands.map((c) => `    ${c.name}) compadd -- ${c.options.join(" ")}; _files ;;`).join("\n")}
  esac
}
compdef _hawser hawser
`
    case "fish":
      return `# hawser completion for fish: hawser completion fish | source
${commands.map((c) => `complete -c hawser -n __fish_use_subcommand -a ${c.name} -d ${quote(c.description)}`).join("\n")}
${commands.flatMap((c) => c.options.map((o) => `complete -c hawser -n "__fish_seen_subcommand_from ${c.name}" -l ${o.slice(2)}`)).join("\n")}
`
    default:
      throw new CommandError(`Cannot complete for "${shell}": want one of ${SHELLS.join(", ")}`, {
        exitCode: EXIT.usage,
      })
  }
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
