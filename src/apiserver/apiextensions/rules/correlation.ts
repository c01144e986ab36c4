import { deepEqual, isJsonObject, memberOf } from "#apimachinery/json.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"

/**
 * A value of an object and what it was before, as far as that can be told: elements of lists only by their keys. Rules
 * that fail where nothing changed are let pass. Source: apiserver pkg/cel/common/equality.go.
 */
export class Correlation {
  readonly #after: unknown
  readonly #before: unknown
  readonly #schema: JsonSchema
  #unchanged: boolean | undefined

  constructor(after: unknown, before: unknown, schema: JsonSchema) {
    this.#after = after
    this.#before = before
    this.#schema = schema
  }

  get unchanged(): boolean {
    this.#unchanged ??= this.#isUnchanged()
    return this.#unchanged
  }

  #isUnchanged(): boolean {
    const [after, before] = [this.#after, this.#before]
    if (Array.isArray(after) && Array.isArray(before)) {
      if (after.length !== before.length) return false
      const elements = after.map((_, i) => this.element(i))
      if (elements.every((element) => element !== undefined)) return elements.every((element) => element.unchanged)
      return isKeyed(this.#schema) ? false : deepEqual(after, before)
    }
    if (isJsonObject(after) && isJsonObject(before)) {
      // A member that the schema does not know counts as changed.
      const names = Object.keys(after)
      return names.length === Object.keys(before).length && names.every((name) => this.member(name)?.unchanged ?? false)
    }
    return deepEqual(after ?? null, before ?? null)
  }

  /** A field or entry; undefined when it was not there before. */
  member(name: string): Correlation | undefined {
    if (!isJsonObject(this.#after) || !isJsonObject(this.#before)) return undefined
    if (!Object.hasOwn(this.#after, name) || !Object.hasOwn(this.#before, name)) return undefined
    const { properties, additionalProperties } = this.#schema
    const own = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    const schema = own ?? (typeof additionalProperties === "object" ? additionalProperties : undefined)
    return schema && new Correlation(this.#after[name], this.#before[name], schema)
  }

  element(index: number): Correlation | undefined {
    const { items } = this.#schema
    if (!Array.isArray(this.#after) || items === undefined) return undefined
    const after: unknown = this.#after[index]
    const before = correlatedElement(after, this.#before, this.#schema)
    return before === undefined ? undefined : new Correlation(after, before, items)
  }
}

/** The element of an old list with the same keys; undefined when there is none, or the list has no keys. */
export function correlatedElement(element: unknown, list: unknown, schema: JsonSchema): unknown {
  const keys = schema["x-kubernetes-list-map-keys"] ?? []
  if (!isKeyed(schema) || !Array.isArray(list)) return undefined
  const wanted = keyOf(element, keys)
  return wanted === undefined ? undefined : list.find((old) => keyOf(old, keys) === wanted)
}

const isKeyed = (schema: JsonSchema) =>
  schema["x-kubernetes-list-type"] === "map" && (schema["x-kubernetes-list-map-keys"]?.length ?? 0) > 0

function keyOf(element: unknown, keys: readonly string[]): string | undefined {
  if (!isJsonObject(element)) return undefined
  const values = keys.map((key) => memberOf(element, key))
  return values.some((value) => !["string", "number", "boolean"].includes(typeof value))
    ? undefined
    : JSON.stringify(values)
}
