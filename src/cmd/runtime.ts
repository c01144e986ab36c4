import { appendFileSync } from "node:fs"
import { realClock } from "#lib/clock.ts"
import { newLog, type LogLevel } from "#lib/log.ts"
import { newMetrics } from "#lib/metrics.ts"
import { realRandom } from "#lib/random.ts"
import type { Runtime } from "#runtime/controller.ts"

/** The real clock, randomness and a log: in a file of the command's folder, or on stderr. */
export function realRuntime(
  signal: AbortSignal,
  log: { readonly file?: string; readonly level?: LogLevel; readonly write?: (line: string) => void },
): Runtime {
  const write =
    log.write ??
    (log.file === undefined
      ? (line: string) => void process.stderr.write(line)
      : (line: string) => appendFileSync(log.file!, line))
  return {
    clock: realClock,
    random: realRandom,
    log: newLog({ clock: realClock, level: log.level ?? "info", write }),
    signal,
    metrics: newMetrics(),
  }
}
