import { createHash } from "node:crypto"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import { customPaths } from "./custom-paths.ts"
import { customSchemas, reachedBuiltinSchemas } from "./custom-schemas.ts"

export type OpenApiDocument = { readonly hash: string; readonly body: Uint8Array }

/** The OpenAPI v3 documents of custom groups by name, made when first asked for after definitions have changed. */
export function newCustomDocuments(resources: ResourceTable): () => ReadonlyMap<string, OpenApiDocument> {
  let generation = -1
  let documents: ReadonlyMap<string, OpenApiDocument> = new Map()
  return () => {
    if (generation !== resources.generation) {
      generation = resources.generation
      const byName = Map.groupBy(
        resources.all().filter((info) => info.custom),
        (info) => `apis/${info.group}/${info.version}`,
      )
      documents = new Map([...byName].map(([name, infos]) => [name, newDocument(infos)]))
    }
    return documents
  }
}

function newDocument(infos: readonly ResourceInfo[]): OpenApiDocument {
  const paths = Object.assign({}, ...infos.map(customPaths)) as object
  const schemas = Object.assign({}, ...infos.map(customSchemas)) as object
  const body = Buffer.from(
    JSON.stringify({
      openapi: "3.0.0",
      info: { title: "Kubernetes CRD Swagger", version: "v0.1.0" },
      paths,
      components: { schemas: { ...schemas, ...reachedBuiltinSchemas([paths, schemas]) } },
    }),
  )
  return { hash: createHash("sha512").update(body).digest("hex").toUpperCase(), body }
}
