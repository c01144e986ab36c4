// The way from `kubectl apply` on the client side to server-side apply. Source: apimachinery managedfields, lastApplied*.
import { isJsonObject } from "#apimachinery/json.ts"
import { goJson } from "#apimachinery/go-text.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { compareValues } from "./compare.ts"
import { fieldSetOf } from "./field-set-of.ts"
import type { FieldSet } from "./field-set.ts"
import type { MergeType } from "./merge-type.ts"
import { findTypeProblems } from "./type-check.ts"

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

/** As much as the annotation may hold, in bytes: what annotations may hold together. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024

/** The fields that kubectl applied on the client side and nobody changed since: it may take them over. */
export function allowedByLastApplied(live: UnknownObject, apiVersion: string, type: MergeType): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED]
  const applied = text ? parse(text) : undefined
  if (applied === undefined || applied.apiVersion !== apiVersion) return undefined
  if (findTypeProblems(type, applied) !== undefined || findTypeProblems(type, live) !== undefined) return undefined
  const { removed, modified, added } = compareValues(type, applied, live)
  return fieldSetOf(type, applied).difference(modified).difference(added).difference(removed)
}

function parse(text: string): UnknownObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? (value as UnknownObject) : undefined
  } catch {
    return undefined
  }
}

/** An object that has the annotation gets it anew; one that does not stays without. */
export function setLastApplied(object: UnknownObject, config: UnknownObject): UnknownObject {
  const { annotations } = object.metadata
  if (!annotations?.[LAST_APPLIED]) return object
  const applied = { ...config, metadata: { ...config.metadata } }
  if (applied.metadata.annotations !== undefined) {
    const { [LAST_APPLIED]: _, ...others } = applied.metadata.annotations
    applied.metadata.annotations = others
  }
  const text = `${goJson(applied)}\n`
  const next = { ...annotations, [LAST_APPLIED]: text }
  // Too long to be stored: without it the object is only managed on the server side from now on.
  const { [LAST_APPLIED]: _, ...rest } = annotations
  const kept = bytesOf(next) > ANNOTATIONS_BYTES_MAX ? rest : next
  return { ...object, metadata: { ...object.metadata, annotations: kept } }
}

function bytesOf(annotations: { readonly [key: string]: string }): number {
  return Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
}
