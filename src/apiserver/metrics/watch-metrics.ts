import type { Metrics } from "#lib/metrics.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

/** Told of each chunk of events that one watcher of the resource got. */
export type CountEvents = (info: ResourceInfo, events: number) => void

/** Counts the events of watches. With hundreds of watchers it is told very often: labels are made when they are asked for. */
export function newEventCounter(metrics: Metrics): CountEvents {
  const counts = new Map<ResourceInfo, number>()
  const total = metrics.counter("apiserver_watch_events_total", "Number of events sent in watch clients")
  metrics.onText(() => {
    for (const [{ group, resource, version }, events] of counts) total.add({ group, resource, version }, events)
    counts.clear()
  })
  return (info, events) => void counts.set(info, (counts.get(info) ?? 0) + events)
}
