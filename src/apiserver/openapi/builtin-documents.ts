import { once, readGenerated, readGeneratedBytes } from "#apiserver/builtin/generated-data.ts"
import { builtinSchema } from "#apiserver/builtin/schemas.ts"

type Index = { readonly [document: string]: { readonly hash: string; readonly schemas: readonly string[] } }

/** The documents of the built-in groups by name (`api/v1`, `apis/apps`, `version`), with a name of their content. */
export const builtinDocuments = once(() => readGenerated<Index>("documents.json"))

const rootPaths = once(() => readGenerated<{ readonly [document: string]: object }>("paths/roots.json"))

const KUBERNETES = JSON.stringify({ title: "Kubernetes", version: "1.35" })
const BEARER_TOKEN = JSON.stringify({
  BearerToken: { type: "apiKey", description: "Bearer Token authentication", name: "authorization", in: "header" },
})

/**
 * A whole OpenAPI v3 document. It is put together anew each time: the largest has 1.4 MB and takes some 10 ms, and
 * clients keep what they got for as long as its name stays the same.
 *
 * @returns undefined when no built-in group has a document of that name
 */
export function builtinDocument(name: string): Uint8Array | undefined {
  const document = builtinDocuments()[name]
  if (document === undefined) return undefined
  const root = rootPaths()[name]
  const paths =
    root === undefined
      ? readGeneratedBytes(`paths/${name.replaceAll("/", "__")}.json`).toString()
      : JSON.stringify(root)
  const schemas = document.schemas.map((s) => `${JSON.stringify(s)}:${JSON.stringify(builtinSchema(s))}`).join(",")
  const components =
    document.schemas.length === 0
      ? `{"securitySchemes":${BEARER_TOKEN}}`
      : `{"schemas":{${schemas}},"securitySchemes":${BEARER_TOKEN}}`
  return Buffer.from(`{"openapi":"3.0.0","info":${KUBERNETES},"paths":${paths},"components":${components}}`)
}
