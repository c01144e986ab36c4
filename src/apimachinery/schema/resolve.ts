import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"

type Resolve = KindSchema["resolve"]

const resolved = new WeakMap<JsonSchema, JsonSchema>()

/** References of references are followed this far: a longer chain is a cycle. */
const REFERENCES_MAX = 16

/**
 * What a schema says after its reference is followed. OpenAPI v3 of Kubernetes writes a reference that has siblings
 * (a default, a description, a map type) as `allOf` with one element; the siblings win over what they refer to.
 *
 * @returns the same object every time for the same `schema`, so that caches may hang on it
 */
export function resolveSchema(schema: JsonSchema, resolve: Resolve): JsonSchema {
  if (schema.$ref === undefined && schema.allOf?.length !== 1) return schema
  let view = resolved.get(schema)
  if (view === undefined) {
    view = follow(schema, resolve, 0)
    resolved.set(schema, view)
  }
  return view
}

function follow(schema: JsonSchema, resolve: Resolve, depth: number): JsonSchema {
  if (depth > REFERENCES_MAX) throw new Error(`Cannot resolve schema reference "${schema.$ref}": it refers to itself`)
  if (schema.$ref !== undefined) return follow(resolve(schema.$ref), resolve, depth + 1)
  // Only a bare reference is a wrapper; `allOf` of a CRD adds value checks and must stay.
  const only = schema.allOf?.length === 1 ? schema.allOf[0]! : undefined
  if (only?.$ref === undefined) return schema
  const { allOf: _, ...siblings } = schema
  return { ...follow(only, resolve, depth + 1), ...siblings }
}

/** The name that a schema refers to: `io.k8s.api.apps.v1.DeploymentSpec`; undefined for one that is written in place. */
export function refNameOf(schema: JsonSchema): string | undefined {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]!.$ref : undefined)
  return ref?.slice(ref.lastIndexOf("/") + 1)
}

/** The last part of a reference's name: `DeploymentSpec`. */
export function typeNameOf(schema: JsonSchema): string | undefined {
  const name = refNameOf(schema)
  return name?.slice(name.lastIndexOf(".") + 1)
}
