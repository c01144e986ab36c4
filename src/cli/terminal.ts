import type { Clock } from "#lib/clock.ts"

/** What a command sees of the world outside. */
export type Terminal = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Progress is redrawn in place. */
  readonly interactive: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly clock: Clock
  readonly readFile: (path: string) => Promise<string>
  readonly readStdin: () => Promise<string>
  readonly writeFile: (path: string, text: string) => Promise<void>
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly interrupted: AbortSignal
}

/** Documented in docs/CLI.md: scripts rely on them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  timeout: 4,
  refused: 5,
  interrupted: 130,
} as const

/** A failure worded for the person at the keyboard: what failed, why, and the next command. */
export class CommandError extends Error {
  override readonly name = "CommandError"
  readonly exitCode: number
  readonly next: string | undefined

  constructor(message: string, options: { exitCode?: number; next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? EXIT.failed
    this.next = options.next
  }
}
