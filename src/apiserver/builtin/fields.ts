import { isJsonObject } from "#apimachinery/json.ts"
import type { JsonObject } from "#apimachinery/json.ts"

/** Readers of objects whose types are not known here. Anything of another type than asked for reads as absent. */
export type Json = JsonObject

const NOTHING: Json = Object.freeze({})
const NO_ITEMS: readonly Json[] = Object.freeze([])

/** The object in a field, an empty frozen one when there is none. */
export function objectIn(parent: unknown, field: string): Json {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return isJsonObject(value) ? value : NOTHING
}

/** The object in a field, undefined when there is none. */
export function findObject(parent: unknown, field: string): Json | undefined {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return isJsonObject(value) ? value : undefined
}

/** The object in a field, which is made when there is none. */
export function makeObject(parent: Json, field: string): Json {
  const value = parent[field]
  if (isJsonObject(value)) return value
  const made: Json = {}
  parent[field] = made
  return made
}

/** The objects in a list. */
export function itemsIn(parent: unknown, field: string): readonly Json[] {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return Array.isArray(value) ? (value.filter(isJsonObject) as Json[]) : NO_ITEMS
}

export function listIn(parent: unknown, field: string): readonly unknown[] {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return Array.isArray(value) ? value : []
}

export function textIn(parent: unknown, field: string): string {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return typeof value === "string" ? value : ""
}

export function numberIn(parent: unknown, field: string): number {
  const value = isJsonObject(parent) ? parent[field] : undefined
  return typeof value === "number" ? value : 0
}

export function at(object: unknown, ...path: readonly string[]): unknown {
  let value = object
  for (const field of path) {
    if (!isJsonObject(value)) return undefined
    value = value[field]
  }
  return value
}

/** Whether a field holds nothing. Null in JSON means the same as not to say anything. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

/** Sets a field that is absent. */
export function defaultTo(object: Json, field: string, value: unknown): void {
  object[field] ??= value
}
