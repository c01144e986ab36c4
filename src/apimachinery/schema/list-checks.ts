import { duplicateField, invalidField } from "#apimachinery/field-errors.ts"
import { canonicalJson, isJsonObject } from "#apimachinery/json.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { newProblem, type Problem } from "./problem.ts"

/**
 * The check that elements of a list are told apart: by their keys in a list of type map, by their values in a set.
 *
 * @see apiextensions-apiserver pkg/apiserver/schema/listtype
 */
export function listTypeCheck(schema: JsonSchema): ((list: unknown[]) => Problem[] | undefined) | undefined {
  switch (schema["x-kubernetes-list-type"]) {
    case "set":
      return checkSet
    case "map": {
      const keys = schema["x-kubernetes-list-map-keys"] ?? []
      return (list) => checkMap(list, keys)
    }
    default:
      return undefined
  }
}

const duplicateAt = (index: number, value: unknown) => newProblem(2, ({ path }) => duplicateField(path, value), index)

function checkSet(list: unknown[]): Problem[] | undefined {
  return repetitions(list)?.map((index) => duplicateAt(index, list[index]))
}

function checkMap(list: unknown[], keys: readonly string[]): Problem[] | undefined {
  const wrong = list.findIndex((element) => element !== null && !isJsonObject(element))
  if (wrong >= 0) {
    const detail = "must be an object for an array of list-type map"
    return [newProblem(2, ({ path }) => invalidField(path, list[wrong], detail), wrong)]
  }
  if (list.length < 2) return undefined
  const identities = list.map((element) => keysOf(element, keys))
  return repetitions(identities)?.map((index) => duplicateAt(index, identities[index]))
}

/** The keys that an element has: one that lacks a key differs from one that has it. */
function keysOf(element: unknown, keys: readonly string[]): { [key: string]: unknown } {
  const identity: { [key: string]: unknown } = {}
  if (isJsonObject(element)) for (const key of keys) if (Object.hasOwn(element, key)) identity[key] = element[key]
  return identity
}

/** The places where a value comes up for the second time. */
function repetitions(values: readonly unknown[]): number[] | undefined {
  if (values.length < 2) return undefined
  const times = new Map<string, number>()
  const found: number[] = []
  values.forEach((value, i) => {
    const text = canonicalJson(value)
    const seen = times.get(text) ?? 0
    times.set(text, seen + 1)
    if (seen === 1) found.push(i)
  })
  return found.length === 0 ? undefined : found
}
