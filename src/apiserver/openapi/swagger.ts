// OpenAPI v2, which kubectl before 1.30 and other clients still read.
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { readGenerated } from "#apiserver/builtin/generated-data.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { customPaths } from "./custom-paths.ts"
import { customSchemas, REF_PREFIX } from "./custom-schemas.ts"

type Json = { [key: string]: unknown }
type Swagger = Json & { paths: Json; definitions: Json }

/** The document of the built-in groups and of `custom` resources. Reading it takes some 15 ms and 10 MB for a moment. */
export function swaggerDocument(custom: readonly ResourceInfo[]): Uint8Array {
  const swagger = readGenerated<Swagger>("swagger.json")
  for (const info of custom) {
    for (const [path, item] of Object.entries(customPaths(info))) swagger.paths[path] = convertPathItem(item)
    for (const [name, schema] of Object.entries(customSchemas(info))) swagger.definitions[name] = convertSchema(schema)
  }
  return Buffer.from(JSON.stringify(swagger))
}

const convertRef = (ref: string) => ref.replace(REF_PREFIX, "#/definitions/")

/** Words that version 2 has not. */
const UNKNOWN_WORDS = new Set(["anyOf", "oneOf", "allOf", "not", "nullable", "default"])

/**
 * A schema in the words of version 2. What it can't say is left out: clients then check less, never more.
 * Source: apiextensions-apiserver pkg/controller/openapi/v2, which knows what kubectl cannot read.
 */
function convertSchema(schema: JsonSchema): Json {
  const target = schema.allOf?.length === 1 ? schema.allOf[0]!.$ref : undefined
  if (target !== undefined) return { description: schema.description, $ref: convertRef(target) }
  if (schema.$ref !== undefined) return { $ref: convertRef(schema.$ref) }
  const kinds = schema["x-kubernetes-group-version-kind"]
  const isFree = schema["x-kubernetes-preserve-unknown-fields"] === true
  // kubectl would take a kind with some properties for one that has no others.
  if (isFree && kinds !== undefined) return { type: "object", "x-kubernetes-group-version-kind": kinds }
  const converted: Json = {}
  for (const [word, value] of Object.entries(schema)) if (!UNKNOWN_WORDS.has(word)) converted[word] = value
  const isNullable = schema.nullable === true
  if (isNullable || isFree) for (const word of ["properties", "items"]) delete converted[word]
  const isUntyped = schema.type === "array" ? converted["items"] === undefined : isFree && schema.type === "object"
  if (isNullable || isUntyped) delete converted["type"]
  if (typeof schema.additionalProperties === "object")
    converted["additionalProperties"] = convertSchema(schema.additionalProperties)
  if (converted["items"] !== undefined) converted["items"] = convertSchema(schema.items!)
  if (converted["properties"] === undefined) return converted
  const properties = Object.entries(schema.properties!)
  converted["properties"] = Object.fromEntries(properties.map(([name, property]) => [name, convertSchema(property)]))
  const required = schema.required?.filter((name) => schema.properties?.[name]?.nullable !== true)
  if (required === undefined || required.length === 0) delete converted["required"]
  else converted["required"] = required
  return converted
}

type Operation = Json & {
  parameters?: readonly Json[]
  requestBody?: { content: { [type: string]: { schema: JsonSchema } }; required?: boolean }
  responses: { [status: string]: { description: string; content?: { [type: string]: { schema: JsonSchema } } } }
}

function convertPathItem(item: Json): Json {
  return Object.fromEntries(
    Object.entries(item).map(([method, value]) => [
      method,
      method === "parameters" ? (value as Json[]).map(convertParameter) : convertOperation(value as Operation),
    ]),
  )
}

/** The schema of a parameter stands in the parameter itself. */
function convertParameter({ schema, ...parameter }: Json): Json {
  return { ...parameter, ...(schema as Json | undefined) }
}

function convertOperation({ requestBody, parameters = [], responses, ...operation }: Operation): Json {
  const body = requestBody && Object.entries(requestBody.content)
  return {
    ...operation,
    consumes: body?.map(([type]) => type) ?? ["application/json", "application/yaml"],
    produces: ["application/json", "application/yaml"],
    schemes: ["https"],
    parameters: [
      ...(body === undefined
        ? []
        : [
            {
              name: "body",
              in: "body",
              ...(requestBody?.required ? { required: true } : {}),
              schema: convertSchema(body[0]![1].schema),
            },
          ]),
      ...parameters.map(convertParameter),
    ],
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, { description, content }]) => {
        const schema = content && Object.values(content)[0]?.schema
        return [status, { description, ...(schema === undefined ? {} : { schema: convertSchema(schema) }) }]
      }),
    ),
  }
}
