import type { Clock } from "#lib/clock.ts"
import { formatMicroTime } from "#lib/clock.ts"
import type { Log } from "#lib/log.ts"
import type { Random } from "#lib/random.ts"
import { randomText } from "#lib/random.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "./client.ts"

/** Tells people what happened to an object, beside its conditions. Best effort: events may be dropped. */
export interface EventRecorder {
  /**
   * @param reason  CamelCase, for machines: `ClusterAccepted`
   * @param action  what was done or tried: `Accept`
   * @param note  one sentence; beyond 1,024 bytes it is cut
   */
  event(regarding: KubeObject, type: "Normal" | "Warning", reason: string, action: string, note: string): void
  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void>
}

/** Records nothing. */
export const silentEvents: EventRecorder = { event() {}, flush: async () => {} }

/**
 * Records events about cluster-scoped objects in a namespace, where who may read that namespace finds them.
 * Source: OCM writes those about a ManagedCluster in the cluster's namespace.
 */
export function eventsIn(namespace: string, recorder: EventRecorder): EventRecorder {
  return {
    event: (regarding, ...rest) =>
      recorder.event({ ...regarding, metadata: { ...regarding.metadata, namespace } }, ...rest),
    flush: () => recorder.flush(),
  }
}

export type EventRecorderOptions = {
  readonly client: Pick<KubeClient, "create" | "patch">
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** `open-cluster-management.io/hawser-hub`: a qualified name. */
  readonly reportingController: string
  /** The process: host or pod name. */
  readonly reportingInstance: string
}

type Event = KubeObject & {
  eventTime: string
  reportingController: string
  reportingInstance: string
  action: string
  reason: string
  regarding: ObjectReference
  note: string
  type: string
  series?: { count: number; lastObservedTime: string }
}
type ObjectReference = {
  apiVersion: string
  kind: string
  name?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
}

export const EVENTS: ResourceType<Event> = {
  group: "events.k8s.io",
  version: "v1",
  resource: "events",
  kind: "Event",
  namespaced: true,
}

/** An event like one from so long ago at most continues its series. Source: client-go events_broadcaster. */
const SERIES_MS = 6 * 60_000
/** Series that are remembered; beyond, the one seen longest ago is forgotten. */
const SERIES_MAX = 4_096
/** Events that wait to be written; beyond, new ones are dropped. */
const QUEUE_LENGTH_MAX = 1_000
/** Writes: so many at once, then so many a second. A storm of events must not slow the work that it tells of. */
const BURST = 50
const WRITES_PER_SECOND = 10
/** Source: validation of events.k8s.io/v1. */
const NOTE_LENGTH_MAX = 1_024
/** A namespace-less object's events live here. Source: client-go events.makeEvent. */
const CLUSTER_NAMESPACE = "default"
const NAME_ALPHABET = "0123456789abcdef"

type Series = { event: Event; count: number; lastMs: number; queued: boolean; created: boolean }

/** Writes events.k8s.io/v1 Events: alike ones within 6 minutes become one with a count, and writes are rate-bounded. */
export function newEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, log } = options
  const known = new Map<string, Series>()
  const queue: Series[] = []
  const bucket = newBucket(clock)
  let writing: Promise<void> | undefined
  let dropped = 0

  const write = async (series: Series) => {
    series.queued = false
    const { event } = series
    try {
      if (!series.created) {
        series.event = await client.create(EVENTS, event)
        series.created = true
        return
      }
      const merge = { series: { count: series.count, lastObservedTime: formatMicroTime(series.lastMs) } }
      const key = { namespace: event.metadata.namespace ?? "", name: event.metadata.name ?? "" }
      series.event = await client.patch(EVENTS, key, { merge })
    } catch (error) {
      // Events expire on the server: a series that outlived its own begins anew with the next.
      if (hasReason(error, "NotFound")) series.created = false
      log.debug("Cannot write event", { reason: event.reason, error })
    }
  }

  const drain = async () => {
    for (let series = queue.shift(); series !== undefined; series = queue.shift()) {
      await bucket.take()
      await write(series)
    }
    if (dropped > 0) log.warn("Dropped events, too many waited", { dropped })
    dropped = 0
    writing = undefined
  }

  const enqueue = (series: Series) => {
    if (series.queued) return
    if (queue.length >= QUEUE_LENGTH_MAX) return void dropped++
    series.queued = true
    queue.push(series)
    writing ??= drain()
  }

  const newEvent = (regarding: KubeObject, type: string, reason: string, action: string, note: string): Event => ({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: {
      namespace: regarding.metadata.namespace ?? CLUSTER_NAMESPACE,
      name: `${(regarding.metadata.name ?? "").slice(0, 230)}.${randomText(random, 16, NAME_ALPHABET)}`,
    },
    eventTime: formatMicroTime(clock.nowMs()),
    reportingController: options.reportingController,
    reportingInstance: options.reportingInstance,
    action,
    reason,
    regarding: referenceTo(regarding),
    note: cut(note),
    type,
  })

  return {
    event(regarding, type, reason, action, note) {
      const { uid, namespace, name } = regarding.metadata
      const key = JSON.stringify([regarding.kind, namespace, name, uid, type, reason, action, note])
      const nowMs = clock.nowMs()
      let series = known.get(key)
      if (series === undefined || nowMs - series.lastMs > SERIES_MS) {
        series = {
          event: newEvent(regarding, type, reason, action, note),
          count: 0,
          lastMs: nowMs,
          queued: false,
          created: false,
        }
      }
      series.count++
      series.lastMs = nowMs
      // Maps keep the order of insertion: what was used last moves to the end.
      known.delete(key)
      known.set(key, series)
      if (known.size > SERIES_MAX) known.delete(known.keys().next().value!)
      enqueue(series)
    },
    flush: async () => writing,
  }
}

/** `BURST` tokens, refilled at `WRITES_PER_SECOND`. */
function newBucket(clock: Clock) {
  let tokens = BURST
  let filledMs = clock.nowMs()
  return {
    async take(): Promise<void> {
      const nowMs = clock.nowMs()
      tokens = Math.min(BURST, tokens + ((nowMs - filledMs) * WRITES_PER_SECOND) / 1000)
      filledMs = nowMs
      tokens--
      if (tokens >= 0) return
      await new Promise<void>((resolve) => clock.setTimer((-tokens * 1000) / WRITES_PER_SECOND, resolve))
    },
  }
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): ObjectReference {
  const { name, namespace, uid, resourceVersion } = metadata
  return {
    apiVersion,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

/** At most so many bytes, and no half characters. */
function cut(note: string): string {
  const bytes = Buffer.from(note)
  return bytes.length <= NOTE_LENGTH_MAX
    ? note
    : bytes
        .subarray(0, NOTE_LENGTH_MAX - 3)
        .toString("utf8")
        .replace(/\ufffd+$/, "") + "…"
}
