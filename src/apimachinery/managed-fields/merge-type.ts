import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { metadataShape } from "#apimachinery/schema/object-meta.ts"
import { rootShape, type Shape } from "#apimachinery/schema/shape.ts"

/** What a scalar may be; `untyped` is any of them. */
export type ScalarType = "numeric" | "string" | "boolean" | "untyped"

export type ListType = {
  /** The list is one field: it is replaced and owned as a whole. */
  readonly atomic: boolean
  /** What tells its elements apart; none for a set of scalars. */
  readonly keys: readonly string[]
  readonly element: () => MergeType
}

export type MapType = {
  /** The object is one field: it is replaced and owned as a whole. */
  readonly atomic: boolean
  readonly fields: () => ReadonlyMap<string, MergeType>
  /** The type of members that `fields` does not name; none when there may be no others. */
  readonly element: () => MergeType | undefined
}

/**
 * How values of a field merge and are owned. A field without a type of its own may be a scalar, a list or an object, so
 * more than one of the three may be there.
 *
 * @see sigs.k8s.io/structured-merge-diff/schema, Atom; k8s.io/kube-openapi/pkg/schemaconv
 */
export type MergeType = {
  readonly scalar?: ScalarType
  readonly list?: ListType
  readonly map?: MapType
  /** Stands in for a key that an element of a list lacks. */
  readonly default?: unknown
}

const NO_FIELDS: ReadonlyMap<string, MergeType> = new Map()

/** Anything, owned as a whole. */
export const ATOMIC: MergeType = {
  scalar: "untyped",
  list: { atomic: true, keys: [], element: () => ATOMIC },
  map: { atomic: true, fields: () => NO_FIELDS, element: () => ATOMIC },
}

/** What has no schema: objects merge member by member, lists are replaced. */
export const DEDUCED: MergeType = {
  scalar: "untyped",
  list: { atomic: true, keys: [], element: () => ATOMIC },
  map: { atomic: false, fields: () => NO_FIELDS, element: () => DEDUCED },
}

const roots = new WeakMap<KindSchema["schema"], MergeType>()

/** The type of a kind's objects; of any object when there is no schema. */
export function rootType(kind: KindSchema | undefined): MergeType {
  if (kind === undefined) return DEDUCED
  let type = roots.get(kind.schema)
  if (type === undefined) {
    type = newRootType(rootShape(kind))
    roots.set(kind.schema, type)
  }
  return type
}

/** Schemas of custom resources leave out what every object has. */
function newRootType(shape: Shape): MergeType {
  const type = typeOf(shape, false)
  const { map } = type
  if (map === undefined) return DEDUCED
  const fields = lazy(() => {
    const text: MergeType = { scalar: "string" }
    const all = new Map([...map.fields(), ["apiVersion", text] as const, ["kind", text] as const])
    return all.set("metadata", typeOf(metadataShape(shape), false))
  })
  return { ...type, map: { ...map, fields } }
}

const strictTypes = new WeakMap<Shape, MergeType>()
const preservingTypes = new WeakMap<Shape, MergeType>()

/** @param preserve  unknown fields are preserved here, because they are above */
function typeOf(shape: Shape, preserve: boolean): MergeType {
  const cache = preserve ? preservingTypes : strictTypes
  let type = cache.get(shape)
  if (type === undefined) {
    type = newType(shape, preserve || shape.preserve)
    if (shape.default !== undefined) type = { ...type, default: shape.default }
    cache.set(shape, type)
  }
  return type
}

function newType(shape: Shape, preserve: boolean): MergeType {
  // What upstream treats by name: a quantity is a scalar, a raw extension a whole.
  if (shape.typeName === "Quantity") return { scalar: "untyped" }
  if (shape.typeName === "RawExtension") return ATOMIC
  const { schema } = shape
  if (schema["x-kubernetes-int-or-string"]) return DEDUCED
  switch (schema.type) {
    case "object":
      return { map: mapType(shape, preserve) }
    case "array":
      return { list: listType(shape, preserve) }
    case "integer":
    case "number":
      return { scalar: "numeric" }
    case "boolean":
      return { scalar: "boolean" }
    case "string":
      return { scalar: schema.format === undefined || schema.format === "byte" ? "string" : "untyped" }
    default:
      return { scalar: "untyped", list: listType(shape, preserve), map: mapType(shape, preserve) }
  }
}

function mapType(shape: Shape, preserve: boolean): MapType {
  return {
    atomic: shape.schema["x-kubernetes-map-type"] === "atomic",
    fields: lazy(() => new Map([...shape.properties].map(([name, member]) => [name, typeOf(member, preserve)]))),
    element: lazy(() => elementOfMap(shape, preserve)),
  }
}

function elementOfMap(shape: Shape, preserve: boolean): MergeType | undefined {
  const { additionalProperties, properties } = shape.schema
  if (shape.values !== undefined) return typeOf(shape.values, preserve)
  if (additionalProperties === true) return DEDUCED
  if (additionalProperties === false) return undefined
  const described = properties !== undefined && Object.keys(properties).length > 0
  return preserve || !described ? DEDUCED : undefined
}

function listType(shape: Shape, preserve: boolean): ListType {
  const { items } = shape
  const keys = keysOf(shape.schema)
  return {
    atomic: keys === undefined,
    keys: keys ?? [],
    element: lazy(() => (items === undefined ? ATOMIC : typeOf(items, preserve))),
  }
}

/** The keys of a list's elements, none for a set, undefined for an atomic list. */
function keysOf(schema: JsonSchema): readonly string[] | undefined {
  switch (schema["x-kubernetes-list-type"]) {
    case "map":
      return schema["x-kubernetes-list-map-keys"] ?? []
    case "set":
      return []
    case "atomic":
      return undefined
    default: {
      // Lists from before list types say how they merge in a strategic merge patch.
      if (!schema["x-kubernetes-patch-strategy"]?.split(",").includes("merge")) return undefined
      const key = schema["x-kubernetes-patch-merge-key"]
      return key === undefined ? [] : [key]
    }
  }
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
