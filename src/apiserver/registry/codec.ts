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
  /** The object is that of a write, and nobody has asked for it yet: it goes when all have been told. */
  passing?: boolean
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
  return ownBytes(JSON.stringify({ apiVersion, kind, metadata: inOrder(metadata, META_FIELDS), ...rest }))
}

/** Metadata as a typed server writes it, resourceVersion included. */
export function orderedMetadata(metadata: ObjectMeta): object {
  const [name, generateName, namespace, uid, ...others] = META_FIELDS
  return inOrder(metadata, [name!, generateName!, namespace!, uid!, "resourceVersion", ...others])
}

function inOrder(metadata: ObjectMeta, fields: readonly (keyof ObjectMeta)[]): object {
  const ordered: Record<string, unknown> = {}
  for (const field of fields) {
    const value = metadata[field]
    if (value !== undefined && value !== null) ordered[field] = value
  }
  return ordered
}

/** UTF-8 in memory of its own: a slice of Node's pool would keep a whole pool block alive for as long as the object lives. */
function ownBytes(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

const textOf = (value: Uint8Array) => asBuffer(value).toString()

/** The object as stored, with its resourceVersion. Shared through the memo: never change it. */
export function decodeStored(stored: StoredValue): UnknownObject {
  const memo = memoOf(stored)
  memo.passing = false
  return (memo.object ??= decodeFresh(stored))
}

/** A private copy of the object as stored, with its resourceVersion. */
export function decodeFresh(stored: StoredValue, revision = stored.revision): UnknownObject {
  const object = JSON.parse(textOf(stored.value)) as UnknownObject
  object.metadata.resourceVersion = String(revision)
  return object
}

/** Like `decodeStored`, but leaves nothing behind when nobody kept the object. */
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

/** Where the first field of the metadata begins. The version and kind before it hold no quotes of their own. */
export function metadataStart(value: Uint8Array): number {
  // A search by Buffer.indexOf costs five times as much for something this near.
  for (let at = 0; at < value.length; at++) {
    if (value[at] !== QUOTE || value[at + 1] !== LETTER_M || value[at + 9] !== QUOTE) continue
    return at + '"metadata":{'.length
  }
  throw new Error("Cannot read stored object: it has no metadata")
}

/** Stored bytes are Buffers unless somebody else stored them. */
function asBuffer(value: Uint8Array): Buffer {
  return value instanceof Buffer ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

const QUOTE = 0x22
const LETTER_M = 0x6d
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const COMMA = 0x2c

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

/** Puts an answer together in one growing buffer: a list of 10,000 objects is 10,000 copies and nothing else. */
export class ByteJoiner {
  #buffer: Buffer
  #at = 0

  /** @param bytes  how many are expected */
  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes)
  }

  add(piece: Uint8Array): void {
    this.#addPart(piece, 0, piece.length)
  }

  addText(text: string): void {
    this.#reserve(text.length * 3)
    this.#at += this.#buffer.write(text, this.#at)
  }

  /** The stored object under another head, with its resourceVersion. */
  addObject(head: Uint8Array, value: Uint8Array, revision: number): void {
    this.#addHead(head, revision)
    this.#addPart(value, metadataStart(value), value.length)
  }

  /** Only version, kind and metadata of it. */
  addMetadata(head: Uint8Array, value: Uint8Array, revision: number): void {
    this.#addHead(head, revision)
    const start = metadataStart(value)
    this.#addPart(value, start, metadataEnd(value, start))
    this.add(END)
  }

  join(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  #addHead(head: Uint8Array, revision: number): void {
    this.#reserve(head.length + REVISION_BYTES_MAX)
    this.add(head)
    this.add(REVISION_HEAD)
    const digits = String(revision)
    for (let i = 0; i < digits.length; i++) this.#buffer[this.#at++] = digits.charCodeAt(i)
    this.#buffer[this.#at++] = QUOTE
    this.#buffer[this.#at++] = COMMA
  }

  #addPart(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    // `copy` of a Buffer needs no view of the part, which costs more than the copy of a small object.
    if (source instanceof Buffer) source.copy(this.#buffer, this.#at, start, end)
    else this.#buffer.set(source.subarray(start, end), this.#at)
    this.#at += end - start
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** `"resourceVersion":"9007199254740991",` */
const REVISION_BYTES_MAX = 40
/** What an object has in an answer beyond its stored bytes, about: another head, the revision, a watch frame. */
export const ANSWER_OVERHEAD_BYTES = 200

const REVISION_HEAD = Buffer.from('"resourceVersion":"')
const END = Buffer.from("}")
