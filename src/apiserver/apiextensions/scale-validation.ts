// What an object must hold where its definition says that its scale is. Source: apiextensions-apiserver
// pkg/registry/customresource/validator.go.
import { invalidField } from "#apimachinery/field-errors.ts"
import { goText, goType } from "#apimachinery/go-text.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import type { DefinitionVersion } from "./definition.ts"

type Scale = NonNullable<NonNullable<DefinitionVersion["subresources"]>["scale"]>

const INT32_MAX = 2 ** 31 - 1

export function validateScale(scale: Scale, object: UnknownObject): FieldError[] {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return [
    ...replicas(object, specReplicasPath),
    ...replicas(object, statusReplicasPath),
    ...(labelSelectorPath === undefined ? [] : selector(object, labelSelectorPath)),
  ]
}

function replicas(object: UnknownObject, path: string): FieldError[] {
  const found = nested(object, path)
  if (found.why !== undefined) return [invalidField(path, 0, found.why)]
  if (found.value === undefined) return []
  if (typeof found.value !== "number" || !Number.isInteger(found.value))
    return [invalidField(path, 0, wrong(path, found.value, "int64"))]
  if (found.value < 0) return [invalidField(path, found.value, "should be a non-negative integer")]
  if (found.value > INT32_MAX) return [invalidField(path, found.value, `should be less than or equal to ${INT32_MAX}`)]
  return []
}

function selector(object: UnknownObject, path: string): FieldError[] {
  const { why, value } = nested(object, path)
  if (why !== undefined) return [invalidField(path, "", why)]
  if (value === undefined || typeof value === "string") return []
  return [invalidField(path, "", wrong(path, value, "string"))]
}

function nested(object: UnknownObject, path: string): { readonly value?: unknown; readonly why?: string } {
  const fields = path.replace(/^\./, "").split(".")
  let value: unknown = object
  for (const [depth, field] of fields.entries()) {
    if (value === null) return {}
    if (!isJsonObject(value))
      return { why: wrong(`.${fields.slice(0, depth + 1).join(".")}`, value, "map[string]interface{}") }
    if (value[field] === undefined) return {}
    value = value[field]
  }
  return { value }
}

const wrong = (path: string, value: unknown, want: string) =>
  `${path} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${want}`
