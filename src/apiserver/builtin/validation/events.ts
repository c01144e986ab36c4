// Events of both APIs. Source: k8s.io/kubernetes pkg/apis/core/validation/events.go.
import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isQualifiedName } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, numberIn, textIn } from "#apiserver/builtin/fields.ts"
import { EVENT_CONVERSION } from "#apiserver/builtin/event-conversion.ts"

const TEXT_LENGTH_MAX = 128
const NOTE_LENGTH_MAX = 1024

/** Of core/v1: what the first recorders wrote must pass. */
export const validateEvent = (event: UnknownObject): FieldError[] => validateAnyEvent(event, "reportingComponent")

/** Of events.k8s.io/v1, which is stricter. Fields go by their names in core/v1. */
export function validateNewEvent(event: UnknownObject): FieldError[] {
  const core = EVENT_CONVERSION.toStored(event)
  const unset = ["firstTimestamp", "lastTimestamp", "count", "source"].filter((field) => isSet(core[field]))
  const type = textIn(core, "type")
  return [
    ...validateAnyEvent(core, "reportingController"),
    ...validateSeries(core),
    ...(isSet(core["eventTime"]) ? [] : [requiredField("eventTime")]),
    ...(type === "Normal" || type === "Warning" ? [] : [invalidField("type", "", `has invalid value: ${type}`)]),
    ...unset.map((field) => invalidField(field, "", "needs to be unset")),
  ]
}

const FIXED = [
  "involvedObject",
  "reason",
  "message",
  "source",
  "firstTimestamp",
  "lastTimestamp",
  "count",
  "reason",
  "type",
  "eventTime",
  "action",
  "related",
] as const

/** Only its series goes on. */
export function validateNewEventUpdate(event: UnknownObject, before: UnknownObject): FieldError[] {
  const [core, old] = [EVENT_CONVERSION.toStored(event), EVENT_CONVERSION.toStored(before)]
  const fixed = (field: string, name: string = field) =>
    deepEqual(core[field], old[field]) ? [] : [invalidField(name, core[field], "field is immutable")]
  return [
    ...validateAnyEvent(core, "reportingController"),
    ...(deepEqual(core["series"], old["series"]) ? [] : validateSeries(core)),
    ...FIXED.flatMap((field) => fixed(field)),
    ...fixed("reportingComponent", "reportingController"),
    ...fixed("reportingInstance"),
  ]
}

const isSet = (value: unknown) =>
  value !== undefined &&
  value !== null &&
  value !== 0 &&
  !(typeof value === "object" && Object.values(value).every((inner) => inner === ""))

function validateSeries(event: UnknownObject): FieldError[] {
  const series = findObject(event, "series")
  if (series === undefined) return []
  return [
    ...(numberIn(series, "count") < 2 ? [invalidField("series.count", "", "should be at least 2")] : []),
    ...(isSet(series["lastObservedTime"]) ? [] : [requiredField("series.lastObservedTime")]),
  ]
}

function validateAnyEvent(event: UnknownObject, controllerField: string): FieldError[] {
  const involved = textIn(event["involvedObject"], "namespace")
  const namespace = event.metadata.namespace ?? ""
  const elsewhere = [invalidField("involvedObject.namespace", involved, "does not match event.namespace")]
  if (!isSet(event["eventTime"])) {
    // Events about objects without a namespace live in the default one.
    const fits = involved === "" ? namespace === "" || namespace === "default" : involved === namespace
    return fits ? [] : elsewhere
  }
  const homeless = involved === "" && namespace !== "default" && namespace !== "kube-system"
  const controller = textIn(event, "reportingComponent")
  const note = textIn(event, "message")
  return [
    ...(homeless ? elsewhere : []),
    ...(controller === "" ? [requiredField(controllerField)] : []),
    ...isQualifiedName(controller).map((why) => invalidField(controllerField, controller, why)),
    ...shortText(event, "reportingInstance"),
    ...shortText(event, "action"),
    ...shortText(event, "reason"),
    ...(note.length > NOTE_LENGTH_MAX
      ? [invalidField("message", "", `can have at most ${NOTE_LENGTH_MAX} characters`)]
      : []),
  ]
}

function shortText(event: UnknownObject, field: string): FieldError[] {
  const text = textIn(event, field)
  if (text === "") return [requiredField(field)]
  if (text.length <= TEXT_LENGTH_MAX) return []
  return [invalidField(field, "", `can have at most ${TEXT_LENGTH_MAX} characters`)]
}
