import type { Metrics } from "#lib/metrics.ts"

export type ReconcileResult = "success" | "error" | "conflict" | "terminal" | "bug"

/** What one controller counts. Names follow controller-runtime's, so that its dashboards work. */
export interface ControllerMetrics {
  reconciled(result: ReconcileResult, durationMs: number): void
  depth(length: number): void
}

export function controllerMetrics(metrics: Metrics, controller: string): ControllerMetrics {
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
  const depth = metrics.gauge("workqueue_depth", "Keys that wait for a worker.")
  const labels = { controller }
  const queueLabels = { name: controller }
  return {
    reconciled(result, durationMs) {
      total.add({ controller, result })
      seconds.observe(durationMs / 1000, labels)
      if (result === "error" || result === "bug") errors.add(labels)
      if (result === "terminal") terminal.add(labels)
      if (result === "bug") panics.add(labels)
    },
    depth: (length) => depth.set(length, queueLabels),
  }
}
