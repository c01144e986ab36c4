import { formatYaml } from "#lib/yaml.ts"
import { VERSION } from "#lib/version.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

const info = () => ({ version: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` })

export function versionLine(): string {
  const { version, node, platform } = info()
  return `hawser ${version} (Node ${node}, ${platform})`
}

/** `hawser version`. */
export function runVersion(terminal: Terminal, format: string | undefined): void {
  switch (format) {
    case undefined:
      return terminal.stdout(versionLine() + "\n")
    case "json":
      return terminal.stdout(JSON.stringify(info(), null, 2) + "\n")
    case "yaml":
      return terminal.stdout(formatYaml(info()))
    default:
      throw new CommandError(`Cannot print as "${format}": want json or yaml`, { exitCode: EXIT.usage })
  }
}
