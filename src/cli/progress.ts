import type { Terminal } from "./terminal.ts"

/** Long work as it goes, on stderr: one line redrawn on a terminal, a line per step elsewhere. */
export interface Progress {
  /** Replaces the current line. */
  update(text: string): void
  /** Keeps a finished step, with the time it took. */
  done(text: string): void
  /** Removes the current line. */
  clear(): void
}

/** @param quiet  says nothing at all */
export function newProgress(terminal: Terminal, quiet = false): Progress {
  let shown = ""
  let since = terminal.clock.nowMs()
  const erase = () => {
    if (shown !== "" && terminal.interactive) terminal.stderr("\r\x1b[2K")
    shown = ""
  }
  return {
    update(text) {
      if (quiet || text === shown) return
      if (terminal.interactive) terminal.stderr(`\r\x1b[2K  … ${text}`)
      shown = text
    },
    done(text) {
      if (quiet) return
      erase()
      const nowMs = terminal.clock.nowMs()
      terminal.stderr(`  ✓ ${text} (${formatDuration(nowMs - since)})\n`)
      since = nowMs
    },
    clear: erase,
  }
}

/** `0.42 s`, `12 s`, `3m20s`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
