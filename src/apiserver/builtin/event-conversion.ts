import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

/** Names of the fields that core/v1 and events.k8s.io/v1 call differently. The rest is called the same. */
const NAMES: readonly (readonly [core: string, events: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
]

const toEvents = new Map(NAMES)
const toCore = new Map(NAMES.map(([core, events]) => [events, core]))

function rename(object: UnknownObject, apiVersion: string, names: ReadonlyMap<string, string>): UnknownObject {
  const renamed: { [field: string]: unknown } = {}
  for (const [field, value] of Object.entries(object)) renamed[names.get(field) ?? field] = value
  return { ...renamed, apiVersion } as UnknownObject
}

/** Events are stored as core/v1; events.k8s.io/v1 is another view of the same objects. */
export const EVENT_CONVERSION: NonNullable<ResourceInfo["convert"]> = {
  fromStored(object) {
    const event = rename(object, "events.k8s.io/v1", toEvents)
    // In core/v1 they are always there.
    for (const field of ["reportingController", "reportingInstance"]) if (event[field] === "") delete event[field]
    return event
  },
  toStored: (object) => rename(object, "v1", toCore),
}
