import { formatYaml } from "#lib/yaml.ts"
import { VERSION } from "#lib/version.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

/** `hawser version`. */
export function runVersion(terminal: Terminal, format: string | undefined): void {
  const info = { version: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` }
  switch (format) {
    case undefined:
      return terminal.stdout(`hawser ${info.version} (Node ${info.node}, ${info.platform})\n`)
    case "json":
      return terminal.stdout(JSON.stringify(info, null, 2) + "\n")
    case "yaml":
      return terminal.stdout(formatYaml(info))
    default:
      throw new CommandError(`Cannot print as "${format}": want json or yaml`, { exitCode: EXIT.usage })
  }
}
