import { backoffMs } from "#lib/backoff.ts"
import type { Clock } from "#lib/clock.ts"
import { sleep } from "#lib/clock.ts"
import { ConnectionError } from "#lib/http.ts"
import type { Log } from "#lib/log.ts"
import { silentLog } from "#lib/log.ts"
import type { Random } from "#lib/random.ts"
import { hasReason, StatusError } from "#apimachinery/status-error.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { KubeClient, ListOptions } from "./client.ts"
import type { InformerScope } from "./informer.ts"
import { listPages } from "./list-pages.ts"
import { runWatch } from "./reflector-watch.ts"
import type { ReflectorSink, WatchResult } from "./reflector-watch.ts"

export type { ReflectorSink } from "./reflector-watch.ts"

export type ReflectorOptions<T extends KubeObject> = {
  readonly client: KubeClient
  readonly type: ResourceType<T>
  readonly scope?: InformerScope
  readonly sink: ReflectorSink<T>
  readonly clock: Clock
  readonly random: Random
  readonly log?: Log
  readonly signal: AbortSignal
  readonly metadataOnly?: boolean
  readonly pageSize?: number
}

/** Between tries at a server that does not answer. client-go: 0.8 to 30 s. */
const BACKOFF = { initialMs: 500, maxMs: 30_000 }

/** A watch that lasted this long was healthy: the next failure starts the backoff anew. */
const HEALTHY_MS = 30_000

/** How long one watch may last; drawn between this and twice this. Source: client-go minWatchTimeout. */
const WATCH_SECONDS_MIN = 300

/** A clean end sooner than this, without an event, is a server in trouble: the next watch waits. Source: client-go. */
const WATCH_SHORT_MS = 1_000

/**
 * How long an initial state sent as events may stall. Servers before 1.27 ignore `sendInitialEvents` and never send
 * the bookmark that ends the state; the reflector then lists.
 */
const INITIAL_STALL_MS = 10_000

/**
 * Follows a collection until the signal aborts: a first full state, then every change. It never gives up: refusals and
 * broken connections are tried again with backoff, an expired version leads to a new full state.
 *
 * @returns resolves after the signal's abort; never rejects
 */
export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>): Promise<void> {
  const { client, type, clock, random, signal, sink, scope = {} } = options
  const log = options.log ?? silentLog
  const listOptions: ListOptions = { ...scope, signal, ...(options.metadataOnly ? { metadataOnly: true } : {}) }
  let resourceVersion: string | undefined
  let watchListSupported = true
  let mustList = false
  let failures = 0

  const watch = (from: { resourceVersion: string } | { initial: true }): Promise<WatchResult> =>
    runWatch({
      client,
      type,
      clock,
      sink,
      listOptions,
      stallMs: INITIAL_STALL_MS,
      timeoutSeconds: Math.floor(WATCH_SECONDS_MIN * (1 + random.fraction())),
      onVersion: (version) => void (resourceVersion = version),
      ...from,
    })

  const list = async () => {
    const state = await listPages(client, type, listOptions, options.pageSize)
    if (signal.aborted) return
    sink.replace(state.items)
    resourceVersion = state.resourceVersion
    mustList = false
  }

  /** @returns the error for which the next watch should wait */
  const judge = (result: WatchResult, startMs: number): unknown => {
    const lastedMs = clock.nowMs() - startMs
    if (lastedMs >= HEALTHY_MS || result.events > 0) failures = 0
    const { error } = result
    if (error === undefined) {
      return lastedMs < WATCH_SHORT_MS && result.events === 0 ? new Error("the watch ended at once") : undefined
    }
    if (!hasReason(error, "Expired", "Gone") || resourceVersion === undefined) return error
    log.info("Watch expired, reading everything anew", { resource: type.resource, resourceVersion })
    resourceVersion = undefined
    return failures === 0 ? undefined : error
  }

  /** One list or one watch to its end. @returns the error for which the next should wait */
  const pass = async (): Promise<unknown> => {
    const startMs = clock.nowMs()
    if (resourceVersion !== undefined) return judge(await watch({ resourceVersion }), startMs)
    if (mustList || !watchListSupported) return await list()
    const result = await watch({ initial: true })
    if (result.noInitialState === undefined) return judge(result, startMs)
    if (result.noInitialState === "refused") watchListSupported = false
    mustList = true
    return undefined
  }

  /**
   * A server that came back may be another one, or one restored from a copy: its versions then begin anew, and a watch
   * from a version that it has not reached would wait silently. One small list tells.
   */
  const checkVersion = async () => {
    if (resourceVersion === undefined) return
    const list = await client.list(type, { ...listOptions, limit: 1 })
    if (isBefore(list.metadata.resourceVersion ?? "", resourceVersion)) {
      log.warn("Server's versions went back, reading everything anew", { resource: type.resource, resourceVersion })
      resourceVersion = undefined
    }
  }

  let broke = false
  while (!signal.aborted) {
    let error: unknown
    try {
      if (broke) await checkVersion()
      broke = false
      error = await pass()
    } catch (thrown) {
      error = thrown
    }
    if (signal.aborted) return
    if (error === undefined) continue
    // Timeout is also how servers refuse a version that they have not reached.
    broke ||= error instanceof ConnectionError || hasReason(error, "Timeout")
    failures++
    const askedMs = error instanceof StatusError ? (error.status.details?.retryAfterSeconds ?? 0) * 1000 : 0
    const waitMs = Math.max(backoffMs(BACKOFF, failures, random), Math.min(askedMs, BACKOFF.maxMs))
    log.debug("Cannot follow resource, trying again", { resource: type.resource, error, waitMs })
    await sleep(clock, waitMs, signal).catch(() => undefined)
  }
}

/** Versions compare as numbers since Kubernetes 1.35 by contract, and before that in fact. */
function isBefore(a: string, b: string): boolean {
  return /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) < BigInt(b)
}
