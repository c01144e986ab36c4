import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { once, readGenerated } from "./generated-data.ts"

const PREFIX = "#/components/schemas/"

type Package = { readonly [name: string]: JsonSchema }

const packages = new Map<string, Package>()
const kinds = once(() => readGenerated<{ readonly [kind: string]: string }>("kinds.json"))
const kindSchemas = new Map<string, KindSchema>()

/** @param name  `io.k8s.api.apps.v1.Deployment`; its package is loaded on first use. @throws Error when there is none */
export function builtinSchema(name: string): JsonSchema {
  const packageName = name.slice(0, name.lastIndexOf("."))
  let schemas = packages.get(packageName)
  if (schemas === undefined) {
    schemas = readGenerated<Package>(`schemas/${packageName}.json`)
    packages.set(packageName, schemas)
  }
  const schema = schemas[name]
  if (schema === undefined)
    throw new Error(`Cannot resolve schema ${name}: package ${packageName} has none of that name`)
  return schema
}

/** @param ref  `#/components/schemas/NAME` */
export function resolveBuiltinRef(ref: string): JsonSchema {
  return builtinSchema(ref.startsWith(PREFIX) ? ref.slice(PREFIX.length) : ref)
}

/** The name of a built-in kind's schema, undefined for kinds without one (the options of proxies). */
export function builtinSchemaName(group: string, version: string, kind: string): string | undefined {
  return kinds()[`${group}/${version}/${kind}`]
}

/** The same object for the same kind, always: what is derived from a schema can be kept in a WeakMap. */
export function builtinKindSchema(group: string, version: string, kind: string): KindSchema | undefined {
  const name = builtinSchemaName(group, version, kind)
  if (name === undefined) return undefined
  let schema = kindSchemas.get(name)
  if (schema === undefined) {
    schema = { schema: builtinSchema(name), resolve: resolveBuiltinRef }
    kindSchemas.set(name, schema)
  }
  return schema
}
