// JSON values as a schema describes them. Parts are made when an expression asks for them. Source: apiserver
// pkg/cel/common/valuesunstructured.go.
import { goType } from "#apimachinery/go-text.ts"
import { deepEqual, isJsonObject, memberOf, type JsonObject } from "#apimachinery/json.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { contains, equal } from "#cel/values/equality.ts"
import { parseTimestamp } from "#cel/values/time.ts"
import { ArrayList, CelError, isError, ListValue, MapValue, noSuchOverload, type Value } from "#cel/values/value.ts"
import { withObjectMeta } from "./declared-type.ts"
import { escapeName, unescapeName } from "./field-names.ts"
import { parseSchemaDuration } from "./schema-duration.ts"

/** @returns an error for what does not fit the schema: it has not been validated then */
export function schemaValue(json: unknown, schema: JsonSchema): Value {
  if (json === null || json === undefined) {
    return schema.nullable ? null : new CelError("invalid data, got null for schema with nullable=false")
  }
  if (schema["x-kubernetes-int-or-string"]) {
    if (typeof json === "string") return json
    if (Number.isInteger(json)) return BigInt(json as number)
    return new CelError("invalid data, expected XIntOrString value to be either a string or integer")
  }
  switch (schema.type) {
    case "object":
      if (!isJsonObject(json))
        return new CelError("invalid data, expected a map for the provided schema with type=object")
      return new SchemaMap(json, schema["x-kubernetes-embedded-resource"] ? withObjectMeta(schema) : schema)
    case "array":
      if (!Array.isArray(json))
        return new CelError("invalid data, expected an array for the provided schema with type=array")
      return newList(json, schema)
    case "string":
      return typeof json === "string" ? textValue(json, schema.format) : wrongData("string", json)
    case "number":
      return typeof json === "number" ? json : wrongData("float", json)
    case "integer":
      return Number.isInteger(json) ? BigInt(json as number) : wrongData("int", json)
    case "boolean":
      return typeof json === "boolean" ? json : wrongData("bool", json)
    default:
      return new CelError(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${schema.type ?? ""}`,
      )
  }
}

const wrongData = (wanted: string, json: unknown) =>
  new CelError(`invalid data, expected ${wanted}, got ${goType(json)}`)

function textValue(text: string, format: string | undefined): Value {
  switch (format) {
    case "duration":
      return parseSchemaDuration(text) ?? new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`)
    case "date":
      return parseTimestamp(`${text}T00:00:00Z`) ?? new CelError(`Invalid date formatted string ${text}`)
    case "date-time":
      return (
        parseTimestamp(text.replace(/[t ]/, "T").replace("z", "Z")) ??
        new CelError(`Invalid date-time formatted string ${text}`)
      )
    case "byte":
      return Buffer.from(text, "base64")
    default:
      return text
  }
}

/** An object, or a map. */
class SchemaMap extends MapValue {
  readonly #json: JsonObject
  readonly #schema: JsonSchema

  constructor(json: JsonObject, schema: JsonSchema) {
    super()
    this.#json = json
    this.#schema = schema
  }

  #schemaOf(key: string): JsonSchema | undefined {
    const { properties, additionalProperties } = this.#schema
    if (properties !== undefined) return Object.hasOwn(properties, key) ? properties[key] : undefined
    return typeof additionalProperties === "object" ? additionalProperties : undefined
  }

  override get size(): number {
    return Object.keys(this.#json).length
  }

  override find(key: Value): Value | undefined {
    if (typeof key !== "string") return noSuchOverload(key)
    const isObject = this.#schema.properties !== undefined
    const name = isObject ? unescapeName(key) : key
    const json = name === undefined ? undefined : memberOf(this.#json, name)
    // A field of an object that is null is one that is not there.
    if (json === undefined || (isObject && json === null)) return undefined
    const schema = this.#schemaOf(name!)
    return schema && schemaValue(json, schema)
  }

  override *keys(): Iterable<Value> {
    const isObject = this.#schema.properties !== undefined
    for (const key of Object.keys(this.#json)) {
      if (this.#schemaOf(key) !== undefined) yield isObject ? (escapeName(key) ?? key) : key
    }
  }

  override equalsMap(other: MapValue): boolean | CelError {
    if (this.size !== other.size) return false
    for (const [key, json] of Object.entries(this.#json)) {
      if (this.#schemaOf(key) === undefined) {
        if (!(other instanceof SchemaMap)) return noSuchOverload()
        const theirs = memberOf(other.#json, key)
        if (theirs !== undefined && !deepEqual(json, theirs)) return false
        continue
      }
      const [mine, theirs] = [this.find(key), other.find(key)]
      if (mine === undefined || theirs === undefined) {
        if (mine !== theirs) return false
        continue
      }
      const same = equal(mine, theirs)
      if (same !== true) return same
    }
    return true
  }
}

function newList(json: readonly unknown[], schema: JsonSchema): Value {
  const { items } = schema
  if (items === undefined) return new CelError("invalid array type, expected Items with a non-empty Schema")
  const elements = json.map((element) => schemaValue(element, items))
  switch (schema["x-kubernetes-list-type"]) {
    case "set":
      return new SetList(elements)
    case "map":
      return new KeyedList(elements, schema["x-kubernetes-list-map-keys"] ?? [])
    default:
      return new PlainList(elements)
  }
}

/** A list in which the order counts. Elements of other types than its own are an error to it, and not unequal. */
class PlainList extends ListValue {
  protected readonly elements: readonly Value[]

  constructor(elements: readonly Value[]) {
    super()
    this.elements = elements
  }

  override get size(): number {
    return this.elements.length
  }

  override at(index: number): Value {
    return this.elements[index]!
  }

  override equalsList(other: ListValue): boolean | CelError {
    if (this.size !== other.size) return false
    for (let i = 0; i < this.size; i++) {
      const same = equal(this.at(i), other.at(i))
      if (same !== true) return same
    }
    return true
  }

  override concat(other: ListValue): ListValue {
    return new PlainList([...this.elements, ...other])
  }
}

/** `x-kubernetes-list-type: set`: `==` does not look at the order, and `+` adds what is not there. */
class SetList extends PlainList {
  override equalsList(other: ListValue): boolean | CelError {
    if (this.size !== other.size) return false
    for (const element of other) if (contains(this, element) !== true) return false
    return true
  }

  override concat(other: ListValue): ListValue {
    const all = [...this.elements]
    for (const element of other) if (contains(new ArrayList(all), element) !== true) all.push(element)
    return new SetList(all)
  }
}

/** `x-kubernetes-list-type: map`: elements are told apart by their keys, and `+` replaces those that are there. */
class KeyedList extends PlainList {
  readonly #keys: readonly string[]

  constructor(elements: readonly Value[], keys: readonly string[]) {
    super(elements)
    this.#keys = keys.map((key) => escapeName(key) ?? key)
  }

  #keyOf(element: Value): string {
    const parts = this.#keys.map((key) => (element instanceof MapValue ? element.find(key) : undefined))
    return JSON.stringify(parts.map((part) => [typeof part, String(part)]))
  }

  override equalsList(other: ListValue): boolean | CelError {
    if (this.size !== other.size) return false
    const mine = new Map(this.elements.map((element) => [this.#keyOf(element), element]))
    for (const element of other) {
      const same = mine.get(this.#keyOf(element))
      if (same === undefined) return false
      const result = equal(same, element)
      if (isError(result) || !result) return result
    }
    return true
  }

  override concat(other: ListValue): ListValue {
    const merged = new Map(this.elements.map((element) => [this.#keyOf(element), element]))
    for (const element of other) merged.set(this.#keyOf(element), element)
    return new KeyedList([...merged.values()], this.#keys)
  }
}
