// The built-in kind of events.k8s.io.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"

export type ObjectReference = {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  resourceVersion?: string
}

export type Event = KubeObject & {
  eventTime?: string | null
  reportingController?: string
  reportingInstance?: string
  action?: string
  reason?: string
  regarding?: ObjectReference
  related?: ObjectReference
  note?: string
  type?: string
  series?: { count: number; lastObservedTime: string }
}

export const EVENTS: ResourceType<Event> = {
  group: "events.k8s.io",
  version: "v1",
  resource: "events",
  kind: "Event",
  namespaced: true,
}

/** The older view of the same objects, in which they are stored. */
export type CoreEvent = KubeObject & {
  lastTimestamp?: string | null
  series?: { count: number; lastObservedTime: string }
}

export const CORE_EVENTS: ResourceType<CoreEvent> = {
  group: "",
  version: "v1",
  resource: "events",
  kind: "Event",
  namespaced: true,
}
