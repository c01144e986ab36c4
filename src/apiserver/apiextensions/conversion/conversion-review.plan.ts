// The question that is put to a conversion webhook, and what becomes of its answer.
// Source: k8s.io/apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go.
import { clone, isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isLabelValue, isQualifiedName } from "#apimachinery/names.ts"

const VERSIONS = ["v1", "v1beta1"]

/** @returns the first version of ConversionReview that the webhook takes and that there is; undefined for none */
export const conversionReviewVersion = (accepted: readonly string[]) => accepted.find((v) => VERSIONS.includes(v))

export function conversionReview(
  version: string,
  request: { readonly uid: string; readonly desiredApiVersion: string; readonly objects: readonly UnknownObject[] },
): object {
  const { uid, desiredApiVersion: desiredAPIVersion, objects } = request
  const bare = { convertedObjects: null, uid: "", result: { metadata: {} } }
  return {
    kind: "ConversionReview",
    apiVersion: `apiextensions.k8s.io/${version}`,
    request: { uid, desiredAPIVersion, objects },
    response: bare,
  }
}

/** @throws Error with why the answer holds no objects */
export function convertedObjects(version: string, uid: string, review: JsonObject): readonly unknown[] {
  const { response } = review
  const type = `${textOf(review["apiVersion"])}, Kind=${textOf(review["kind"])}`
  const wanted = `apiextensions.k8s.io/${version}, Kind=ConversionReview`
  if (version === "v1" && type !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${type}`)
  if (!isJsonObject(response)) throw new Error("no response provided")
  const answered = textOf(response["uid"])
  if (version === "v1" && answered !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answered)}`)
  const result = isJsonObject(response["result"]) ? response["result"] : {}
  const status = textOf(result["status"])
  if (status !== "Success")
    throw new Error(textOf(result["message"]) || `response.result.status was '${status}', not 'Success'`)
  return Array.isArray(response["convertedObjects"]) ? response["convertedObjects"] : []
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "")

/** What is wrong with one converted object; `is` says of which kind the problem is. */
export class ConvertedObjectError extends Error {
  override readonly name = "ConvertedObjectError"
  readonly is: "object" | "metadata"

  constructor(is: "object" | "metadata", why: string) {
    super(why)
    this.is = is
  }
}

/**
 * A converted object with the metadata of the original: a webhook may change labels and annotations only.
 *
 * @throws ConvertedObjectError
 */
export function acceptConverted(original: UnknownObject, converted: unknown, desiredApiVersion: string): UnknownObject {
  const bad = (why: string) => new ConvertedObjectError("object", why)
  if (!isJsonObject(converted)) throw bad("it is no object")
  const [apiVersion, kind] = [textOf(converted["apiVersion"]), textOf(converted["kind"])]
  if (apiVersion !== desiredApiVersion)
    throw bad(`invalid groupVersion (expected ${desiredApiVersion}, received ${apiVersion})`)
  if (kind !== original.kind) throw bad(`invalid kind (expected ${original.kind}, received ${kind})`)
  const { metadata } = converted
  const answered = isJsonObject(metadata) ? metadata : {}
  for (const [field, name] of IDENTITY) {
    const [before, after] = [textOf(original.metadata[field]), textOf(answered[field])]
    if (before !== after) throw bad(`must have the same ${name}: ${before} != ${after}`)
  }
  if (!isJsonObject(metadata)) throw new ConvertedObjectError("metadata", "missing metadata in converted object")
  const restored = clone(original.metadata)
  for (const field of ["labels", "annotations"] as const) {
    const value = checkTexts(field, metadata[field], original.metadata[field] ?? {})
    if (value === undefined) delete restored[field]
    else restored[field] = value
  }
  return { ...converted, apiVersion, kind, metadata: restored } as UnknownObject
}

const IDENTITY = [
  ["name", "name"],
  ["namespace", "namespace"],
  ["uid", "UID"],
] as const

type Texts = { [key: string]: string }

function checkTexts(field: "labels" | "annotations", value: unknown, before: Readonly<Texts>): Texts | undefined {
  const bad = (why: string) => new ConvertedObjectError("metadata", why)
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) throw bad(`invalid metadata.${field} of type ${goType(value)} in converted object`)
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string")
      throw bad(`metadata.${field}[${key}] must be a string, but is ${goType(text)} in converted object`)
    if (before[key] === text) continue
    // What upstream calls the place of a bad annotation is its own slip.
    const place = field === "labels" ? "metadata.labels" : "metadata.annotation"
    const problems = isQualifiedName(field === "labels" ? key : key.toLowerCase())
    if (problems.length > 0) throw bad(`${place}: Invalid value: ${JSON.stringify(key)}: ${problems[0]}`)
    const [problem] = field === "labels" ? isLabelValue(text) : []
    if (problem !== undefined) throw bad(`${place}: Invalid value: ${JSON.stringify(text)}: ${problem}`)
  }
  return value as Texts
}

function goType(value: unknown): string {
  if (value === null) return "<nil>"
  if (Array.isArray(value)) return "[]interface {}"
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64"
  if (typeof value === "boolean") return "bool"
  return typeof value === "string" ? "string" : "map[string]interface {}"
}
