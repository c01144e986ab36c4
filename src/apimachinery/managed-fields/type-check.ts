import { goText, goType } from "#apimachinery/go-text.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { ListType, MapType, MergeType, ScalarType } from "./merge-type.ts"
import { formatPathElement, memberElement } from "./path-element.ts"
import { elementIdentity, formOf, UnidentifiedElement } from "./typed-value.ts"

/** What does not fit the schema of an applied configuration. */
type TypeProblem = { readonly path: string; readonly message: string }

/**
 * Checks an applied configuration: declared fields only, of the right types, no element twice in a set or map.
 *
 * @returns the problems as structured-merge-diff words them, or undefined
 */
export function findTypeProblems(type: MergeType, value: unknown): string | undefined {
  const problems: TypeProblem[] = []
  check(type, value, "", problems)
  if (problems.length === 0) return undefined
  const texts = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
  return texts.length === 1 ? texts[0] : ["errors:", ...texts.map((text) => `  ${text}`)].join("\n")
}

function check(type: MergeType, value: unknown, path: string, problems: TypeProblem[]): void {
  if (value === null) return
  const form = formOf(type, value)
  switch (form.form) {
    case "map":
      if (isJsonObject(value)) checkMap(form.map, value, path, problems)
      else problems.push({ path, message: `expected map, got &{${goText(value)}}` })
      break
    case "list":
      if (Array.isArray(value)) checkList(form.list, value, path, problems)
      else problems.push({ path, message: `expected list, got &{${goText(value)}}` })
      break
    case "scalar": {
      const message = scalarProblem(form.scalar, value)
      if (message !== undefined) problems.push({ path, message })
    }
  }
}

function checkMap(map: MapType, object: JsonObject, path: string, problems: TypeProblem[]): void {
  const fields = map.fields()
  for (const name in object) {
    const memberPath = `${path}${formatPathElement(memberElement(name))}`
    const type = fields.get(name) ?? map.element()
    if (type === undefined) {
      problems.push({ path: memberPath, message: "field not declared in schema" })
      return
    }
    check(type, object[name], memberPath, problems)
  }
}

function checkList(list: ListType, elements: readonly unknown[], path: string, problems: TypeProblem[]): void {
  const seen = new Set<string>()
  for (let i = 0; i < elements.length; i++) {
    let step = `[${i}]`
    if (!list.atomic) {
      const identity = identityOf(list, elements[i])
      if (identity instanceof UnidentifiedElement) {
        problems.push({ path, message: `element ${i}: ${identity.message}` })
        return
      }
      step = formatPathElement(identity)
      if (seen.has(identity)) problems.push({ path, message: `duplicate entries for key ${step}` })
      seen.add(identity)
    }
    check(list.element(), elements[i], `${path}${step}`, problems)
  }
}

function identityOf(list: ListType, element: unknown): string | UnidentifiedElement {
  try {
    return elementIdentity(list, element)
  } catch (error) {
    if (error instanceof UnidentifiedElement) return error
    throw error
  }
}

function scalarProblem(scalar: ScalarType, value: unknown): string | undefined {
  switch (scalar) {
    case "numeric":
      return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goType(value)}`
    case "string":
      return typeof value === "string"
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goText(value)}}`
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got &{${goText(value)}}`
    case "untyped":
      return typeof value === "object" ? `expected any scalar, got &{${goText(value)}}` : undefined
  }
}
