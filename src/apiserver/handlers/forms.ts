// Stored objects as the bytes of answers. Where the stored form is the answer's form, nothing is parsed.
import type { ListMeta, UnknownObject } from "#apimachinery/meta.ts"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import {
  ANSWER_OVERHEAD_BYTES,
  BARE_HEAD,
  ByteJoiner,
  decodeFresh,
  headOf,
  peekStored,
} from "#apiserver/registry/codec.ts"
import { isStoredForm, toServed } from "#apiserver/registry/conversion.ts"
import type { ListResult } from "#apiserver/registry/list.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { StoredValue } from "#apiserver/storage/storage.ts"
import type { EventForm, WatchEventType } from "#apiserver/watch-cache/event-frames.ts"
import type { Representation } from "./negotiation.ts"
import { partialObject, tableOf, type IncludeObject } from "./views.ts"

/** What an answer about a resource is made with. */
export type FormContext = {
  readonly info: ResourceInfo
  readonly form: Representation
  readonly include: IncludeObject
  readonly nowMs: number
}

/** What the rows of a table carry; other forms do not ask. @throws StatusError BadRequest */
export function parseInclude(query: URLSearchParams, form: Representation): IncludeObject {
  if (form.as !== "Table") return "Metadata"
  const include = query.get("includeObject") ?? ""
  if (include === "" || include === "Metadata") return "Metadata"
  if (include === "None" || include === "Object") return include
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

/** One object as JSON with a newline. `value` has the stored form of the resource. */
export function objectBytes(context: FormContext, value: Uint8Array, revision: number): Uint8Array {
  const { info, form } = context
  const joiner = new ByteJoiner(value.length + ANSWER_OVERHEAD_BYTES)
  if (form.as === "PartialObjectMetadata") joiner.addMetadata(partialHead(form), value, revision)
  else if (form.as === undefined && isStoredForm(info)) joiner.addObject(headOf(info), value, revision)
  else {
    const object = decodeFresh({ key: "", value, revision, createRevision: 0 })
    joiner.addText(JSON.stringify(viewOf(context, toServed(info, object))))
  }
  joiner.addText("\n")
  return joiner.join()
}

/** An object in the view that was asked for. */
export function viewOf(context: FormContext, object: UnknownObject): object {
  const { info, form, include, nowMs } = context
  if (form.as === "PartialObjectMetadata") return partialObject(object, form.viewVersion)
  if (form.as !== "Table") return object
  const { resourceVersion = "" } = object.metadata
  return tableOf([object], { columns: info.columns, metadata: { resourceVersion }, include, nowMs, ...versionOf(form) })
}

const versionOf = ({ viewVersion }: Representation) => (viewVersion === undefined ? {} : { viewVersion })

const PARTIAL_HEADS = new Map(
  ["v1", "v1beta1"].map((version) => [
    version,
    Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":{`),
  ]),
)
const partialHead = (form: Representation) => PARTIAL_HEADS.get(form.viewVersion ?? "v1")!

export function listMetadata(info: ResourceInfo, form: Representation, list: ListResult): ListMeta {
  return {
    resourceVersion: String(list.revision),
    // Lists of custom resources name the token even when there is none.
    ...(list.continue !== undefined
      ? { continue: list.continue }
      : info.custom && form.as !== "Table"
        ? { continue: "" }
        : {}),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
  }
}

/** What a list says it is. */
export function listType(info: ResourceInfo, form: Representation): { apiVersion: string; kind: string } {
  return form.as === "PartialObjectMetadataList"
    ? { kind: form.as, apiVersion: `meta.k8s.io/${form.viewVersion ?? "v1"}` }
    : { kind: info.listKind, apiVersion: apiVersionOf(info) }
}

/** A list as JSON with a newline. */
export function listBytes(context: FormContext, list: ListResult): Uint8Array {
  const { info, form, include, nowMs } = context
  const metadata = listMetadata(info, form, list)
  if (form.as === "Table") {
    const objects = list.items.map((item) => toServed(info, peekStored(item)))
    const table = tableOf(objects, { columns: info.columns, metadata, include, nowMs, ...versionOf(form) })
    return Buffer.from(JSON.stringify(table) + "\n")
  }
  let bytes = 1024
  for (const { value } of list.items) bytes += value.length + ANSWER_OVERHEAD_BYTES
  const joiner = new ByteJoiner(bytes)
  const partial = form.as === "PartialObjectMetadataList"
  const { kind, apiVersion } = listType(info, form)
  joiner.addText(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`)
  const head = partial ? partialHead(form) : info.custom ? headOf(info) : BARE_HEAD
  for (const [i, { value, revision }] of list.items.entries()) {
    if (i > 0) joiner.add(COMMA)
    if (partial) joiner.addMetadata(head, value, revision)
    else if (isStoredForm(info)) joiner.addObject(head, value, revision)
    else joiner.addText(JSON.stringify(listItem(info, list.items[i]!)))
  }
  joiner.addText("]}\n")
  return joiner.join()
}

/** Items of built-in lists name neither version nor kind. */
function listItem(info: ResourceInfo, stored: StoredValue): object {
  const { apiVersion, kind, ...rest } = toServed(info, peekStored(stored))
  return info.custom ? { apiVersion, kind, ...rest } : rest
}

const COMMA = Buffer.from(",")
const FRAME_END = Buffer.from("}\n")
const FRAME_HEADS: Readonly<Record<WatchEventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
}

/** How a watcher of this resource and view gets its events. */
export function eventForm(context: Omit<FormContext, "nowMs">, nowMs: () => number): EventForm {
  const { info, form, include } = context
  if (form.as === "Table") return tableForm(context, nowMs)
  const partial = form.as === "PartialObjectMetadata" || form.as === "PartialObjectMetadataList"
  const head = partial ? partialHead(form) : headOf(info)
  return {
    key: `${info.group}/${info.version}/${info.kind}/${partial ? `partial ${form.viewVersion ?? "v1"}` : include}`,
    encode(type, value, revision) {
      const joiner = new ByteJoiner(value.value.length + ANSWER_OVERHEAD_BYTES)
      joiner.add(FRAME_HEADS[type])
      if (partial) joiner.addMetadata(head, value.value, revision)
      else if (isStoredForm(info)) joiner.addObject(head, value.value, revision)
      else joiner.addText(JSON.stringify(toServed(info, objectAt(value, revision))))
      joiner.add(FRAME_END)
      return joiner.join()
    },
  }
}

/** The column definitions come with the first event of each watch only. */
function tableForm({ info, form, include }: Omit<FormContext, "nowMs">, nowMs: () => number): EventForm {
  const key = `${info.group}/${info.version}/${info.kind}/table ${form.viewVersion ?? "v1"} ${include}`
  let heads = true
  return {
    get key() {
      return heads ? `${key} first` : key
    },
    sent() {
      heads = false
    },
    encode(type, value, revision) {
      const object = toServed(info, objectAt(value, revision))
      const metadata = { resourceVersion: String(revision) }
      const table = tableOf([object], {
        columns: info.columns,
        metadata,
        include,
        nowMs: nowMs(),
        heads,
        ...versionOf(form),
      })
      return Buffer.from(JSON.stringify({ type, object: table }) + "\n")
    },
  }
}

export function objectAt(value: StoredValue, revision: number): UnknownObject {
  return revision === value.revision ? peekStored(value) : decodeFresh(value, revision)
}

/** What a bookmark holds: an object of the kind with nothing but its revision. */
export function bookmarkObject(
  { info, form, include }: Omit<FormContext, "nowMs">,
  revision: number,
  endOfInitialEvents: boolean,
) {
  const metadata = {
    resourceVersion: String(revision),
    ...(endOfInitialEvents ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
  }
  const partial = form.as === "PartialObjectMetadata" || form.as === "PartialObjectMetadataList"
  const version = `meta.k8s.io/${form.viewVersion ?? "v1"}`
  const bare = { kind: info.kind, apiVersion: apiVersionOf(info), metadata }
  return partial
    ? { kind: "PartialObjectMetadata", apiVersion: version, metadata }
    : form.as === "Table"
      ? tableOf([bare as UnknownObject], {
          columns: info.columns,
          metadata: { resourceVersion: metadata.resourceVersion },
          include,
          nowMs: 0,
          heads: false,
          ...versionOf(form),
        })
      : bare
}
