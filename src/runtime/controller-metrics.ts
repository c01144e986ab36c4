import type { Clock } from "#lib/clock.ts"
import type { Metrics } from "#lib/metrics.ts"

export type ReconcileResult = "success" | "error" | "conflict" | "terminal" | "bug"

/** What one controller counts. Names follow controller-runtime's, so that its dashboards work. */
export interface ControllerMetrics {
  reconciled(result: ReconcileResult, durationMs: number): void
}

/** Without a registry nothing is counted: a thousand simulated members would each keep counters that nobody reads. */
export function controllerMetrics(
  metrics: Metrics | undefined,
  clock: Clock,
  controller: string,
  workers: number,
): ControllerMetrics & { readonly queue?: QueueMetrics } {
  if (metrics === undefined) return { reconciled() {} }
  const total = metrics.counter("controller_runtime_reconcile_total", "Reconciles by result.")
  const errors = metrics.counter(
    "controller_runtime_reconcile_errors_total",
    "Reconciles that failed and are tried again.",
  )
  const terminal = metrics.counter(
    "controller_runtime_terminal_reconcile_errors_total",
    "Reconciles that failed until the object changes.",
  )
  const panics = metrics.counter("controller_runtime_reconcile_panics_total", "Reconciles that failed by a bug.")
  const seconds = metrics.histogram("controller_runtime_reconcile_time_seconds", "Duration of a reconcile.")
  const labels = { controller }
  metrics
    .gauge("controller_runtime_max_concurrent_reconciles", "Keys that are reconciled at the same time at most.")
    .set(workers, labels)
  return {
    queue: queueMetrics(metrics, clock, controller),
    reconciled(result, durationMs) {
      total.add({ controller, result })
      seconds.observe(durationMs / 1000, labels)
      if (result === "error" || result === "bug") errors.add(labels)
      if (result === "terminal") terminal.add(labels)
      if (result === "bug") panics.add(labels)
    },
  }
}

/** As a queue tells of its keys: #kube/workqueue.ts, WorkqueueObserver. */
type QueueMetrics = {
  added(key: string): void
  handedOut(key: string): void
  done(key: string): void
  retried(): void
  shutDown(): void
}

/** Source: client-go util/workqueue/metrics.go, as are names and buckets. Queues of one name are counted together. */
function queueMetrics(metrics: Metrics, clock: Clock, name: string): QueueMetrics {
  const depth = metrics.gauge("workqueue_depth", "Current depth of workqueue.")
  const adds = metrics.counter("workqueue_adds_total", "Total number of adds handled by workqueue.")
  const waited = metrics.histogram(
    "workqueue_queue_duration_seconds",
    "How long in seconds an item stays in workqueue before being requested.",
    BOUNDS,
  )
  const worked = metrics.histogram(
    "workqueue_work_duration_seconds",
    "How long in seconds processing an item from workqueue takes.",
    BOUNDS,
  )
  const retries = metrics.counter("workqueue_retries_total", "Total number of retries handled by workqueue.")
  const unfinished = metrics.gauge(
    "workqueue_unfinished_work_seconds",
    "How many seconds of work has been done that is in progress and hasn't been observed by work_duration.",
  )
  const labels = { name }
  depth.add(0, labels)
  const addedMs = new Map<string, number>()
  const startedMs = new Map<string, number>()
  let told = 0
  const tell = () => {
    const nowMs = clock.nowMs()
    let now = 0
    for (const started of startedMs.values()) now += (nowMs - started) / 1000
    unfinished.add(now - told, labels)
    told = now
  }
  const stopTelling = metrics.onText(tell)
  return {
    added(key) {
      adds.add(labels)
      depth.add(1, labels)
      addedMs.set(key, clock.nowMs())
    },
    handedOut(key) {
      const nowMs = clock.nowMs()
      depth.add(-1, labels)
      waited.observe((nowMs - (addedMs.get(key) ?? nowMs)) / 1000, labels)
      addedMs.delete(key)
      startedMs.set(key, nowMs)
    },
    done(key) {
      const nowMs = clock.nowMs()
      worked.observe((nowMs - (startedMs.get(key) ?? nowMs)) / 1000, labels)
      startedMs.delete(key)
    },
    retried: () => retries.add(labels),
    shutDown() {
      stopTelling()
      unfinished.add(-told, labels)
      depth.add(-addedMs.size, labels)
      addedMs.clear()
    },
  }
}

const BOUNDS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 1000]
