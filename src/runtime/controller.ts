import type { BackoffOptions } from "#lib/backoff.ts"
import type { Clock } from "#lib/clock.ts"
import { sleep } from "#lib/clock.ts"
import type { Metrics } from "#lib/metrics.ts"
import type { Random } from "#lib/random.ts"
import type { Log } from "#lib/log.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { Change, Informer } from "#kube/informer.ts"
import type { Workqueue } from "#kube/workqueue.ts"
import { newWorkqueue } from "#kube/workqueue.ts"
import { controllerMetrics } from "./controller-metrics.ts"
import type { ControllerMetrics } from "./controller-metrics.ts"

/** What every controller is given. */
export type Runtime = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Ends every loop. */
  readonly signal: AbortSignal
  /** Where controllers count; without it nothing is counted. */
  readonly metrics?: Metrics
  /** Whom they begin together with: see manager.ts. Without it each begins by itself. */
  readonly group?: ControllerGroup
}

/** Controllers that fill their caches and queues at once, and reconcile when all of them may. */
export interface ControllerGroup {
  readonly begun: Promise<void>
  add(controller: Controller): void
}

/** The reconcile contract: bring one key's world nearer to what is wanted. Throwing means try again with backoff. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<{ readonly requeueAfterMs?: number } | void>

/** Thrown when only a new version of the object can help: logged, counted, not retried. */
export class TerminalError extends Error {
  override readonly name = "TerminalError"
}

/** Wakes a controller: whenever the informer tells of a change, the keys that it concerns are queued. */
export type Source<T extends KubeObject> = {
  readonly informer: Informer<T>
  /** Called synchronously: cheap, and never changing the objects. */
  readonly keysOf: (change: Change<T>) => readonly string[]
}

export type ControllerOptions<Kinds extends readonly KubeObject[]> = {
  /** In logs and metrics. */
  readonly name: string
  /** What its keys name, as log lines call it: `cluster`, `work`. Lines without it have the key alone. */
  readonly subject?: string
  /** Keys that are reconciled at the same time; one key never is. Default 4. */
  readonly workers?: number
  readonly reconcile: Reconcile
  readonly sources: { readonly [I in keyof Kinds]: Source<Kinds[I]> }
  /** Informers that are read but wake nobody: awaited before the first reconcile, like the sources. */
  readonly reads?: readonly { waitForSync(signal?: AbortSignal): Promise<void> }[]
  /** Queue everything again this often, as a net below the watches. Off by default. */
  readonly resyncMs?: number
  readonly backoff?: BackoffOptions
}

export interface Controller {
  readonly name: string
  /** Queues a key that something other than a source knows to be due. */
  enqueue(key: string): void
  /** Queues it later; of several delays for one key the one that ends first counts. */
  enqueueAfter(key: string, delayMs: number): void
  /** Whether nothing is queued and nothing is being reconciled. Delayed keys do not count. */
  readonly idle: boolean
  /** Resolves when the last reconcile is over after the signal's abort. Never rejects. */
  readonly done: Promise<void>
}

const WORKERS_DEFAULT = 4

/**
 * Runs a controller until the runtime's signal aborts: waits for its caches, then reconciles the keys that its sources
 * name. A reconcile that throws is tried again with growing delay; Conflict and AlreadyExists only mean that the plan
 * was made from an older state and are not logged as errors; whatever is thrown, the workers go on.
 */
export function startController<const Kinds extends readonly KubeObject[]>(
  runtime: Runtime,
  options: ControllerOptions<Kinds>,
): Controller {
  const { clock, random, signal } = runtime
  const { name, workers = WORKERS_DEFAULT, backoff } = options
  const log = runtime.log.with({ controller: name })
  const metrics = controllerMetrics(runtime.metrics, clock, name, workers)
  const queue = newWorkqueue({
    clock,
    random,
    ...(backoff === undefined ? {} : { backoff }),
    ...(metrics.queue === undefined ? {} : { observer: metrics.queue }),
  })
  // The tuple's members have one shape for what is done here: an informer, and the keys of its changes.
  const sources = options.sources as unknown as readonly Source<KubeObject>[]
  let active = 0

  const enqueue = (key: string) => queue.add(key)
  const { reconcile } = options
  const worker = newWorker({ clock, log, metrics, queue, reconcile, signal, subject: options.subject })
  const work = async () => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      active++
      await worker(key)
      active--
      queue.done(key)
    }
  }

  const resync = async (everyMs: number) => {
    for (;;) {
      await sleep(clock, everyMs, signal)
      for (const { informer, keysOf } of sources) {
        for (const object of informer.list()) for (const key of keysOf({ kind: "added", object })) enqueue(key)
      }
    }
  }

  const run = async () => {
    const reads = [...sources.map(({ informer }) => informer), ...(options.reads ?? [])]
    await Promise.all(reads.map((read) => read.waitForSync(signal)))
    if (runtime.group !== undefined) await runtime.group.begun
    // Ends by the signal, whose abort also ends the workers.
    if (options.resyncMs !== undefined) resync(options.resyncMs).catch(() => undefined)
    await Promise.all(Array.from({ length: workers }, work))
  }

  const onAbort = () => queue.shutDown()
  if (signal.aborted) onAbort()
  else signal.addEventListener("abort", onAbort, { once: true })
  for (const { informer, keysOf } of sources) {
    informer.onChange((change) => {
      for (const key of keysOf(change)) enqueue(key)
    })
  }
  const controller: Controller = {
    name,
    enqueue,
    enqueueAfter: (key, delayMs) => queue.addAfter(key, delayMs),
    get idle() {
      return queue.length === 0 && active === 0
    },
    // The one rejection is that of waiting for caches when the signal aborts.
    done: run().catch(() => undefined),
  }
  runtime.group?.add(controller)
  return controller
}

type WorkerParts = {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: ControllerMetrics
  readonly queue: Workqueue
  readonly reconcile: Reconcile
  readonly signal: AbortSignal
  readonly subject: string | undefined
}

/** @returns one pass over a key that never rejects */
function newWorker({ clock, log, metrics, queue, reconcile, signal, subject }: WorkerParts) {
  return async (key: string): Promise<void> => {
    const startMs = clock.nowMs()
    try {
      const result = await reconcile(key, signal)
      queue.forget(key)
      if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs)
      metrics.reconciled("success", clock.nowMs() - startMs)
    } catch (error) {
      if (signal.aborted) return
      const kind = kindOf(error)
      const fields = { key, ...(subject === undefined ? {} : { [subject]: key }), error }
      metrics.reconciled(kind, clock.nowMs() - startMs)
      if (kind === "terminal") {
        queue.forget(key)
        log.error("Cannot reconcile, waiting for a new version", fields)
        return
      }
      if (kind === "conflict") log.debug("Reconciled from an older state, planning again", fields)
      else if (kind === "bug") log.error("Reconcile failed by a fault of its own", { ...fields, stack: stackOf(error) })
      else log.warn("Cannot reconcile, trying again", { ...fields, retries: queue.retries(key) })
      queue.addRateLimited(key)
    }
  }
}

/** Errors of the language and failed assertions: no state of the world should lead to them. */
const BUGS = new Set(["TypeError", "ReferenceError", "RangeError", "SyntaxError", "AssertionError"])

function kindOf(error: unknown): "terminal" | "conflict" | "bug" | "error" {
  if (error instanceof TerminalError) return "terminal"
  if (hasReason(error, "Conflict", "AlreadyExists")) return "conflict"
  return !(error instanceof Error) || BUGS.has(error.name) ? "bug" : "error"
}

const stackOf = (error: unknown) => (error instanceof Error ? error.stack : undefined)
