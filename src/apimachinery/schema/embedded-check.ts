import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { JsonObject } from "#apimachinery/json.ts"
import { isDns1035Label } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { newProblem, type Problem } from "./problem.ts"

/**
 * The check of an embedded object's apiVersion and kind.
 *
 * @see apiextensions-apiserver pkg/apiserver/schema/objectmeta
 */
export function checkEmbedded(object: JsonObject): Problem[] | undefined {
  const problems = [...checkApiVersion(object), ...checkKind(object)]
  return problems.length === 0 ? undefined : problems
}

const problemAt = (name: string, error: (path: string) => FieldError) => newProblem(1, ({ path }) => error(path), name)

function checkApiVersion(object: JsonObject): Problem[] {
  if (!Object.hasOwn(object, "apiVersion")) return [problemAt("apiVersion", (path) => requiredField(path))]
  const value = object["apiVersion"]
  const wrong = (detail: string) => [problemAt("apiVersion", (path) => invalidField(path, value, detail))]
  if (typeof value !== "string") return wrong("must be a string")
  if (value === "") return wrong("must not be empty")
  return value.split("/").length > 2 ? wrong(`unexpected GroupVersion string: ${value}`) : []
}

function checkKind(object: JsonObject): Problem[] {
  if (!Object.hasOwn(object, "kind")) return [problemAt("kind", (path) => requiredField(path))]
  const value = object["kind"]
  const wrong = (detail: string) => [problemAt("kind", (path) => invalidField(path, value, detail))]
  if (typeof value !== "string") return wrong("must be a string")
  if (value === "") return wrong("must not be empty")
  const problems = isDns1035Label(value.toLowerCase())
  return problems.length === 0 ? [] : wrong(`may have mixed case, but should otherwise match: ${problems.join(",")}`)
}
