// Stored bytes are canonical: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{…` and then the rest, without
// metadata.resourceVersion. So an answer in another version of the same shape is the stored bytes with another head,
// a list item is a slice, and the metadata alone is a prefix.
import { apiVersionOf } from "#apimachinery/gvk.ts"
import type { ObjectMeta, UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { StoredValue } from "#apiserver/storage/storage.ts"

/** What readers keep beside a stored value. */
export type Memo = {
  object?: UnknownObject
  labels?: Readonly<Record<string, string>>
}

/** @param namespace  every namespace when absent; ends with a slash, as storage wants its prefixes */
export function keyPrefix(info: { readonly storage: ResourceInfo["storage"] }, namespace?: string): string {
  const { group, resource } = info.storage
  const root = `/registry/${group === "" ? "core" : group}/${resource}/`
  return namespace ? `${root}${namespace}/` : root
}

export function storageKey(
  info: { readonly storage: ResourceInfo["storage"] },
  namespace: string,
  name: string,
): string {
  return keyPrefix(info, namespace) + name
}

/** The inverse of `storageKey`, as far as it goes without knowing whether the resource is namespaced. */
export function parseStorageKey(key: string): { group: string; resource: string } {
  const [, , group = "", resource = ""] = key.split("/", 4)
  return { group: group === "core" ? "" : group, resource }
}

/** The order of metav1.ObjectMeta's fields. */
const META_FIELDS: readonly (keyof ObjectMeta)[] = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
]

/**
 * The stored form of an object.
 *
 * @param object  in its stored version; metadata.resourceVersion is left out
 */
export function encodeStored(object: UnknownObject): Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = object
  const ordered: Record<string, unknown> = {}
  for (const field of META_FIELDS) {
    const value = metadata[field]
    if (value !== undefined && value !== null) ordered[field] = value
  }
  return ownBytes(JSON.stringify({ apiVersion, kind, metadata: ordered, ...rest }))
}

/** UTF-8 in memory of its own: a slice of Node's pool would keep a whole pool block alive for as long as the object lives. */
function ownBytes(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

const textOf = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()

/** The object as stored, with its resourceVersion. Shared through the memo: never change it. */
export function decodeStored(stored: StoredValue): UnknownObject {
  const memo = memoOf(stored)
  return (memo.object ??= decodeFresh(stored))
}

/** A private copy of the object as stored, with its resourceVersion. */
export function decodeFresh(stored: StoredValue, revision = stored.revision): UnknownObject {
  const object = JSON.parse(textOf(stored.value)) as UnknownObject
  object.metadata.resourceVersion = String(revision)
  return object
}

/** Like `decodeStored`, but leaves nothing behind when nobody kept the object yet. */
export function peekStored(stored: StoredValue): UnknownObject {
  return (stored.memo as Memo | undefined)?.object ?? decodeFresh(stored)
}

export function memoOf(stored: StoredValue): Memo {
  return (stored.memo ??= {}) as Memo
}

/** The labels, read without parsing the object. */
export function labelsOf(stored: StoredValue): Readonly<Record<string, string>> {
  const memo = memoOf(stored)
  return (memo.labels ??= memo.object?.metadata.labels ?? decodeMetadata(stored).labels ?? NO_LABELS)
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})

/** The metadata without resourceVersion, read without parsing the rest. */
export function decodeMetadata(stored: StoredValue): ObjectMeta {
  const { value } = stored
  const start = metadataStart(value)
  return JSON.parse("{" + textOf(value.subarray(start, metadataEnd(value, start)))) as ObjectMeta
}

/** `{"apiVersion":"v1","kind":"ConfigMap","metadata":{` for the version that a request asked for. */
export function headOf(info: ResourceInfo): Buffer {
  let known = HEADS.get(info)
  if (known === undefined) {
    known = Buffer.from(`{"apiVersion":"${apiVersionOf(info)}","kind":"${info.kind}","metadata":{`)
    HEADS.set(info, known)
  }
  return known
}
const HEADS = new WeakMap<ResourceInfo, Buffer>()

/** The head of an item in a list of a built-in kind, which names neither version nor kind. */
export const BARE_HEAD = Buffer.from('{"metadata":{')

const METADATA = Buffer.from('"metadata":{')

/** Where the first field of the metadata begins. The version and kind before it hold no quotes of their own. */
export function metadataStart(value: Uint8Array): number {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).indexOf(METADATA) + METADATA.length
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

/** Just behind the closing brace of the metadata whose first field begins at `start`. */
export function metadataEnd(value: Uint8Array, start: number): number {
  let depth = 1
  for (let at = start; at < value.length; at++) {
    const byte = value[at]
    if (byte === QUOTE) {
      for (at++; value[at] !== QUOTE; at++) if (value[at] === BACKSLASH) at++
    } else if (byte === OPEN) depth++
    else if (byte === CLOSE && --depth === 0) return at + 1
  }
  throw new Error("Cannot read stored object: its metadata has no end")
}

/** Collects the pieces of an answer and joins them once. */
export class ByteJoiner {
  readonly #pieces: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  addText(text: string): void {
    this.add(Buffer.from(text))
  }

  /** The stored object under another head, with its resourceVersion. */
  addObject(head: Uint8Array, value: Uint8Array, revision: number): void {
    this.add(head)
    this.add(Buffer.from(`"resourceVersion":"${revision}",`, "latin1"))
    this.add(value.subarray(metadataStart(value)))
  }

  /** Only version, kind and metadata of it. */
  addMetadata(head: Uint8Array, value: Uint8Array, revision: number): void {
    this.add(head)
    this.add(Buffer.from(`"resourceVersion":"${revision}",`, "latin1"))
    const start = metadataStart(value)
    this.add(value.subarray(start, metadataEnd(value, start)))
    this.add(END)
  }

  join(): Buffer {
    const joined = Buffer.allocUnsafe(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      joined.set(piece, at)
      at += piece.length
    }
    return joined
  }
}

const END = Buffer.from("}")
