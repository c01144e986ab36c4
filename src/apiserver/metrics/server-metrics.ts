import type { Metrics } from "#lib/metrics.ts"
import type { InFlight } from "#apiserver/filters/flow-control.ts"
import { keyPrefix } from "#apiserver/registry/codec.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import type { Storage } from "#apiserver/storage/storage.ts"

/** Adds what a server can say of itself at any time: what is stored, and what is under way. */
export function addServerMetrics(
  metrics: Metrics,
  server: { readonly storage: Storage; readonly resources: ResourceTable; readonly inFlight: InFlight },
): void {
  const { storage, resources, inFlight } = server
  const stored = metrics.gauge("apiserver_storage_objects", "Number of stored objects split by kind.")
  const objects = metrics.gauge("apiserver_resource_objects", "Number of stored objects split by kind.")
  const current = metrics.gauge(
    "apiserver_current_inflight_requests",
    "Number of requests that are worked on now, per request kind.",
  )
  const revision = metrics.gauge("hawser_storage_revision", "Revision of the newest change.")
  metrics.onText(() => {
    for (const [name, { group, resource, count }] of countObjects(storage, resources)) {
      stored.set(count, { resource: name })
      objects.set(count, { group, resource })
    }
    current.set(inFlight.mutating, { request_kind: "mutating" })
    current.set(inFlight.reading, { request_kind: "readOnly" })
    revision.set(storage.revision)
  })
}

function countObjects(storage: Storage, resources: ResourceTable) {
  const counts = new Map<string, { readonly group: string; readonly resource: string; readonly count: number }>()
  for (const { storage: stored } of resources.all()) {
    const { group, resource } = stored
    const name = group === "" ? resource : `${resource}.${group}`
    if (!counts.has(name)) counts.set(name, { group, resource, count: storage.count(keyPrefix({ storage: stored })) })
  }
  return counts
}
