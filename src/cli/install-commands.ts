// The commands that prepare clusters: init, join, token.
import type { Command } from "commander"
import type { Roots } from "./roots.ts"
import type { Terminal } from "./terminal.ts"

export function addInstallCommands(_program: Command, _roots: Roots, _terminal: Terminal): void {}
