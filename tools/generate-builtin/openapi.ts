import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { enrichWithEnums, readEnums } from "./enums.ts"
import type { Enums } from "./enums.ts"

type Json = { [key: string]: unknown }
type OpenApi = { paths: Json; components?: { schemas?: { [name: string]: Json } } }

export type OpenApiDocument = {
  readonly paths: Json
  /** Names of the schemas that the document carries, in its order. */
  readonly schemaNames: string[]
  /** Whether it describes a group version, not a root path. */
  readonly groupVersion: boolean
}

export type OpenApiDocuments = {
  /** By the name that the index gives: `apis/apps/v1`, `api`, `version`. */
  readonly documents: Map<string, OpenApiDocument>
  /** Each schema once, by what stands before the last dot of its name. */
  readonly schemasByPackage: Map<string, { [name: string]: Json }>
  /** What each document consists of, and a name of its content that changes with it. */
  readonly index: { [document: string]: { hash: string; schemas: string[] } }
  readonly enums: Enums
}

/** Documents that don't belong to a group and that a server has by default. */
const ROOTS = [".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"]

/** OpenAPI v3 as the server publishes it: the module's files are made with other feature gates, see the edits below. */
export function readOpenApiDocuments(kubernetes: string, groupVersions: readonly string[]): OpenApiDocuments {
  const groups = [...new Set(groupVersions.filter((gv) => gv.includes("/")).map((gv) => gv.split("/")[0]!))]
  const versioned = groupVersions.map((gv) => (gv.includes("/") ? `apis/${gv}` : `api/${gv}`))
  const names = [...ROOTS, ...groups.map((g) => `apis/${g}`), ...versioned].sort()
  const enums = readEnums(kubernetes)
  const documents = new Map<string, OpenApiDocument>()
  const schemasByPackage = new Map<string, { [name: string]: Json }>()
  for (const name of names) {
    const file = join(kubernetes, "api/openapi-spec/v3", `${name.replaceAll("/", "__")}_openapi.json`)
    const document = JSON.parse(readFileSync(file, "utf8")) as OpenApi
    dropCbor(document.paths)
    const schemas = document.components?.schemas ?? {}
    enrichWithEnums(schemas, enums)
    for (const [schemaName, schema] of Object.entries(schemas)) addSchema(schemasByPackage, schemaName, schema)
    documents.set(name, {
      paths: document.paths,
      schemaNames: Object.keys(schemas),
      groupVersion: versioned.includes(name),
    })
  }
  const index: OpenApiDocuments["index"] = {}
  for (const [name, { paths, schemaNames }] of documents) {
    const schemas = schemaNames.map((n) => schemasByPackage.get(n.slice(0, n.lastIndexOf(".")))![n])
    const hash = createHash("sha512")
      .update(JSON.stringify([paths, schemas]))
      .digest("hex")
      .toUpperCase()
    index[name] = { hash, schemas: schemaNames }
  }
  return { documents, schemasByPackage, index, enums }
}

/** One schema is in many documents. The types that every group registers list their groups: the longest list has them all. */
function addSchema(packages: Map<string, { [name: string]: Json }>, name: string, schema: Json): void {
  const packageName = name.slice(0, name.lastIndexOf("."))
  const schemas = packages.get(packageName) ?? {}
  packages.set(packageName, schemas)
  const known = schemas[name]
  if (known === undefined) {
    schemas[name] = schema
  } else if (JSON.stringify(known) !== JSON.stringify(schema)) {
    throw new Error(`Cannot keep one copy of schema ${name}: it differs between documents`)
  }
}

/** Schema names by `group/version/kind`. Types that every group registers, such as DeleteOptions, are left out. */
export function readKinds(packages: OpenApiDocuments["schemasByPackage"]): { [kind: string]: string } {
  const kinds: { [kind: string]: string } = {}
  for (const schemas of packages.values()) {
    for (const [name, schema] of Object.entries(schemas)) {
      const gvks = (schema["x-kubernetes-group-version-kind"] ?? []) as {
        group: string
        version: string
        kind: string
      }[]
      if (gvks.length !== 1) continue
      const { group, version, kind } = gvks[0]!
      kinds[`${group}/${version}/${kind}`] = name
    }
  }
  return kinds
}

/** CBOR is behind a feature gate that is off by default and on where the module's files are made. */
function dropCbor(value: unknown): void {
  if (typeof value !== "object" || value === null) return
  if (Array.isArray(value)) return value.forEach(dropCbor)
  for (const [key, child] of Object.entries(value)) {
    if (key.startsWith("application/cbor") || key === "application/apply-patch+cbor") delete (value as Json)[key]
    else dropCbor(child)
  }
}

type Swagger = Json & { info: Json; paths: Json; parameters: Json; definitions: { [name: string]: Json } }

/** OpenAPI v2, of what the named v3 documents cover. */
export function readSwagger(
  kubernetes: string,
  { documents, enums }: OpenApiDocuments,
  info: { version: string },
): Swagger {
  const swagger = JSON.parse(readFileSync(join(kubernetes, "api/openapi-spec/swagger.json"), "utf8")) as Swagger
  swagger.info.version = info.version
  for (const path of Object.keys(swagger.paths)) {
    const [root, ...rest] = path.split("/").filter((p) => p !== "")
    if (root === "logs") delete swagger.paths[path]
    if (root !== "api" && root !== "apis") continue
    const document = root === "api" ? "api/v1" : `apis/${rest.slice(0, 2).join("/")}`
    if (rest.length >= 2 && !documents.has(document)) delete swagger.paths[path]
    else if (root === "apis" && rest.length === 1 && !documents.has(`apis/${rest[0]}`)) delete swagger.paths[path]
  }
  enrichWithEnums(swagger.definitions, enums)
  dropCborTypes(swagger.paths)
  dropUnreached(swagger)
  return swagger
}

function dropCborTypes(value: unknown): void {
  if (typeof value !== "object" || value === null) return
  for (const [key, child] of Object.entries(value)) {
    if ((key === "consumes" || key === "produces") && Array.isArray(child)) {
      ;(value as Json)[key] = child.filter((type: string) => !type.includes("cbor"))
    } else dropCborTypes(child)
  }
}

/** Parameters and definitions that no path leads to any more. */
function dropUnreached(swagger: Swagger): void {
  const reached = new Set<string>()
  const queue: unknown[] = [swagger.paths]
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value !== "object" || value === null) continue
    for (const [key, child] of Object.entries(value)) {
      if (key !== "$ref" || typeof child !== "string") {
        queue.push(child ?? null)
      } else if (!reached.has(child)) {
        reached.add(child)
        const [, section, name] = child.split("/") as [string, "parameters" | "definitions", string]
        queue.push(swagger[section][name] ?? null)
      }
    }
  }
  for (const section of ["parameters", "definitions"] as const) {
    for (const name of Object.keys(swagger[section])) {
      if (!reached.has(`#/${section}/${name}`)) delete swagger[section][name]
    }
  }
}
