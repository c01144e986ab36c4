import type { JsonSchema } from "#apimachinery/openapi.ts"
import { builtinSchema } from "#apiserver/builtin/schemas.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { customSchemaName } from "./naming.ts"

export const REF_PREFIX = "#/components/schemas/"
const META = "io.k8s.apimachinery.pkg.apis.meta.v1"

/** Texts about the fields that all objects have, as any built-in kind has them. */
function describedField(field: "apiVersion" | "kind" | "metadata", list = false): string {
  const schema = builtinSchema(list ? "io.k8s.api.core.v1.ConfigMapList" : "io.k8s.api.core.v1.ConfigMap")
  return schema.properties?.[field]?.description ?? ""
}

const METADATA_TEXT =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
const LIST_METADATA_TEXT =
  "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"

/**
 * Schemas of a custom kind and its list as clients see them: with the metadata that the definition leaves unsaid.
 * Source: apiextensions-apiserver pkg/controller/openapi/builder.
 */
export function customSchemas(info: ResourceInfo): { readonly [name: string]: JsonSchema } {
  const name = customSchemaName(info, info.kind)
  const own: JsonSchema = info.schema()?.schema ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true }
  const kind = publish(own)
  return {
    [name]: {
      ...kind,
      type: "object",
      properties: { ...kind.properties, ...objectFields(METADATA_TEXT, "ObjectMeta") },
      "x-kubernetes-group-version-kind": [{ group: info.group, kind: info.kind, version: info.version }],
    },
    [customSchemaName(info, info.listKind)]: {
      description: `${info.listKind} is a list of ${info.kind}`,
      type: "object",
      required: ["items"],
      properties: {
        ...objectFields(LIST_METADATA_TEXT, "ListMeta"),
        items: {
          description: `List of ${info.resource}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`,
          type: "array",
          items: { $ref: REF_PREFIX + name },
        },
      },
      "x-kubernetes-group-version-kind": [{ group: info.group, kind: info.listKind, version: info.version }],
    },
  }
}

function objectFields(metadataText: string, metadata: string): NonNullable<JsonSchema["properties"]> {
  return {
    apiVersion: { description: describedField("apiVersion"), type: "string" },
    kind: { description: describedField("kind"), type: "string" },
    metadata: { description: metadataText, allOf: [{ $ref: `${REF_PREFIX}${META}.${metadata}` }] },
  }
}

/** A structural schema as OpenAPI: what is an integer or a string says so in standard words too. */
function publish(schema: JsonSchema): JsonSchema {
  if (schema["x-kubernetes-embedded-resource"] === true && schema.properties?.["apiVersion"] === undefined) {
    const required = [...new Set([...(schema.required ?? []), "apiVersion", "kind"])].toSorted()
    return publish({
      ...schema,
      required,
      properties: { ...schema.properties, ...objectFields(METADATA_TEXT, "ObjectMeta") },
    })
  }
  const isEither = schema["x-kubernetes-int-or-string"] === true && schema.anyOf === undefined
  return {
    ...schema,
    ...(isEither ? { anyOf: [{ type: "integer" }, { type: "string" }] as const } : {}),
    ...(schema.items === undefined ? {} : { items: publish(schema.items) }),
    ...(schema.properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(schema.properties).map(([k, v]) => [k, publish(v)])) }),
    ...(typeof schema.additionalProperties === "object"
      ? { additionalProperties: publish(schema.additionalProperties) }
      : {}),
  }
}

/** Built-in schemas that paths and schemas of custom kinds lead to. */
export function reachedBuiltinSchemas(from: unknown): { readonly [name: string]: JsonSchema } {
  const reached: { [name: string]: JsonSchema } = {}
  const queue: unknown[] = [from]
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value !== "object" || value === null) continue
    for (const [key, child] of Object.entries(value)) {
      if (key !== "$ref" || typeof child !== "string") {
        if (typeof child === "object" && child !== null) queue.push(child)
        continue
      }
      const name = child.slice(REF_PREFIX.length)
      if (!name.startsWith("io.k8s.") || reached[name] !== undefined) continue
      reached[name] = builtinSchema(name)
      queue.push(reached[name])
    }
  }
  return Object.fromEntries(Object.entries(reached).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
