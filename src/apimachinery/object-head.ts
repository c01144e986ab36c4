import { goJsonKind } from "./go-text.ts"
import { isJsonObject } from "./json.ts"

const HEAD = `struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`

/** Why a value has no apiVersion and kind that could be read, in the words of Go's JSON decoder; undefined when it has. */
export function findHeadError(value: unknown): string | undefined {
  const why = "couldn't get version/kind; json parse error: json: cannot unmarshal"
  if (!isJsonObject(value)) return `${why} ${goJsonKind(value)} into Go value of type ${HEAD}`
  for (const field of ["apiVersion", "kind"]) {
    const found = value[field] ?? ""
    if (typeof found !== "string") return `${why} ${goJsonKind(found)} into Go struct field .${field} of type string`
  }
  return undefined
}

/** The same of the metadata of an object. */
export function findMetadataError(kind: string, metadata: unknown): string | undefined {
  if (isJsonObject(metadata)) return undefined
  return `json: cannot unmarshal ${goJsonKind(metadata)} into Go struct field ${kind}.metadata of type v1.ObjectMeta`
}
