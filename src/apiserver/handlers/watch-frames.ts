import type { Status } from "#apimachinery/status-error.ts"
import { toServed } from "#apiserver/registry/conversion.ts"
import { encodeProtobufEvent } from "#apiserver/protobuf/encode.ts"
import type { WatchRequest } from "#apiserver/watch-cache/watch.ts"
import { bookmarkObject, eventForm, objectAt, viewOf, type FormContext } from "./forms.ts"

type WatchFrames = Pick<WatchRequest, "form" | "bookmark" | "failure">
type WatchContext = Omit<FormContext, "nowMs">

/** How the events of a watch are written: lines of JSON, or protobuf messages after their length. */
export function watchFrames(context: WatchContext, nowMs: () => number): WatchFrames {
  const line = (type: string, object: object) => Buffer.from(JSON.stringify({ type, object }) + "\n")
  if (context.form.mediaType === "protobuf") return protobufFrames(context)
  return {
    form: eventForm(context, nowMs),
    bookmark: (revision, end) => line("BOOKMARK", bookmarkObject(context, revision, end)),
    failure: (status: Status) => line("ERROR", status),
  }
}

function protobufFrames(context: WatchContext): WatchFrames {
  const { info, form } = context
  return {
    form: {
      key: `${info.group}/${info.version}/${info.kind}/protobuf ${form.as === undefined ? "" : (form.viewVersion ?? "")}`,
      encode(type, value, revision) {
        const object = toServed(info, objectAt(value, revision))
        return encodeProtobufEvent(type, viewOf({ ...context, nowMs: 0 }, object) as TypedObject)
      },
    },
    bookmark: (revision, end) => encodeProtobufEvent("BOOKMARK", bookmarkObject(context, revision, end)),
    failure: (status: Status) => encodeProtobufEvent("ERROR", status),
  }
}

type TypedObject = { readonly apiVersion: string; readonly kind: string }
