// What containers that only pretend to run would have said.
import type { ContainerStatus, Pod } from "#api/kubernetes/core.ts"
import { parseTimeMs } from "#lib/clock.ts"

const SAYS_EVERY_MS = 60_000
/** Lines of a container that are looked back at. */
const LINES_MAX = 1000

export type LogLine = { readonly timeMs: number; readonly text: string }

export type LogQuery = {
  /** Only what was said at or after this. */
  readonly sinceMs?: number
  /** Only the last so many. */
  readonly tailLines?: number
  readonly timestamps?: boolean
}

type State = {
  running?: { startedAt?: string }
  terminated?: { startedAt?: string; finishedAt?: string; exitCode?: number }
}

export const statusOf = ({ status }: Pod, container: string): ContainerStatus | undefined =>
  [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    ({ name }) => name === container,
  )

/** @returns all that the container has said until now, the last lines of it; undefined when it has not started */
export function logLines(pod: Pod, container: string, nowMs: number): LogLine[] | undefined {
  const status = statusOf(pod, container)
  const { running, terminated } = (status?.state ?? {}) as State
  const startMs = parseTimeMs((running ?? terminated)?.startedAt)
  if (status === undefined || startMs === undefined) return undefined
  const { namespace, name } = pod.metadata
  const endMs = parseTimeMs(terminated?.finishedAt)
  const count = Math.max(0, Math.floor(((endMs ?? nowMs) - startMs) / SAYS_EVERY_MS))
  const first = Math.max(1, count - LINES_MAX)
  const alive = Array.from({ length: Math.max(0, count - first + 1) }, (_, i): LogLine => {
    const minutes = first + i
    const text = `container ${container} has been running for ${minutes} min`
    return { timeMs: startMs + minutes * SAYS_EVERY_MS, text }
  })
  const where = `on ${pod.spec.nodeName}`
  return [
    { timeMs: startMs, text: `container ${container} of pod ${namespace}/${name} started ${where}` },
    { timeMs: startMs, text: `it is simulated: nothing runs in it, image ${status.image ?? ""}` },
    ...alive,
    ...(endMs === undefined
      ? []
      : [{ timeMs: endMs, text: `container ${container} ended with exit code ${terminated?.exitCode ?? 0}` }]),
  ]
}

/** When the container says something next; undefined for one that has ended. */
export function nextLineMs(pod: Pod, container: string, nowMs: number): number | undefined {
  const { running } = (statusOf(pod, container)?.state ?? {}) as State
  const startMs = parseTimeMs(running?.startedAt)
  if (startMs === undefined) return undefined
  return startMs + (Math.floor(Math.max(0, nowMs - startMs) / SAYS_EVERY_MS) + 1) * SAYS_EVERY_MS
}

/** The lines that are asked for, as text. */
export function logText(lines: readonly LogLine[], { sinceMs, tailLines, timestamps }: LogQuery): string {
  const since = sinceMs === undefined ? lines : lines.filter(({ timeMs }) => timeMs >= sinceMs)
  const last = tailLines === undefined ? since : since.slice(Math.max(0, since.length - tailLines))
  return last
    .map(
      ({ timeMs, text }) =>
        `${timestamps === true ? `${new Date(timeMs).toISOString().replace("Z", "000000Z")} ` : ""}${text}\n`,
    )
    .join("")
}
