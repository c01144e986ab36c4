import type { Clock } from "./clock.ts"

export type LogFields = Readonly<Record<string, unknown>>
export type LogLevel = "debug" | "info" | "warn" | "error"

/** Structured log: a constant message and fields. Users see conditions and events; logs are for operators. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log
}

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

/** One JSON object a line: time, level, message, fields. An `error` field keeps its message and causes. */
export function newLog(options: { clock: Clock; level: LogLevel; write: (line: string) => void }): Log {
  const make = (fixed: LogFields): Log => {
    const emit = (level: LogLevel) => (message: string, fields?: LogFields) => {
      if (ORDER[level] < ORDER[options.level]) return
      const line: Record<string, unknown> = { time: new Date(options.clock.nowMs()).toISOString(), level, message }
      for (const [key, value] of Object.entries({ ...fixed, ...fields })) {
        line[key] = value instanceof Error ? describeError(value) : value
      }
      options.write(JSON.stringify(line) + "\n")
    }
    return {
      debug: emit("debug"),
      info: emit("info"),
      warn: emit("warn"),
      error: emit("error"),
      with: (fields) => make({ ...fixed, ...fields }),
    }
  }
  return make({})
}

/** Drops everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silentLog }

/**
 * An error's message followed by those of its causes: `Cannot read x: connection refused`. A cause that only says again
 * what was said is left out.
 */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let e: unknown = error; e !== undefined && parts.length < 8; e = e instanceof Error ? e.cause : undefined) {
    const text = e instanceof Error ? e.message : String(e)
    if (!parts.includes(text)) parts.push(text)
  }
  return parts.join(": ")
}
