import type { Clock } from "#lib/clock.ts"
import { isStream, type HttpResponse } from "#lib/http.ts"
import type { Metrics } from "#lib/metrics.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import { requestLabels } from "#apiserver/metrics/request-labels.ts"
import { whenAnswered, type Filter } from "./filter.ts"
import { watchedStream } from "./watched-stream.ts"

/** Source: k8s.io/apiserver endpoints/metrics, as are the names. */
const SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
const BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

/** Counts requests, how long they take and how much they answer; a watch counts as one that is under way. */
export function withMetrics(metrics: Metrics, clock: Clock, resources: ResourceTable): Filter {
  const total = metrics.counter(
    "apiserver_request_total",
    "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
  )
  const seconds = metrics.histogram(
    "apiserver_request_duration_seconds",
    "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
    SECONDS,
  )
  const sizes = metrics.histogram(
    "apiserver_response_sizes",
    "Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
    BYTES,
  )
  const running = metrics.gauge(
    "apiserver_longrunning_requests",
    "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.",
  )
  return (next) => (call) =>
    whenAnswered(next(call), (response): HttpResponse => {
      const type = call.info.verb === "patch" ? call.request.headers["content-type"] : undefined
      const labels = requestLabels(call.info, resources, type)
      const { dry_run: _, ...undry } = labels
      total.add({ code: String(response.status), ...labels })
      if (isStream(response.body)) {
        running.add(1, undry)
        return { ...response, body: watchedStream(response.body, () => running.add(-1, undry)) }
      }
      seconds.observe((clock.nowMs() - call.receivedMs) / 1000, labels)
      sizes.observe(response.body.length, undry)
      return response
    })
}
