import { isDeepStrictEqual } from "node:util"
import type { Json } from "./review-server.ts"

/** Where two values differ, a line each: `plain.body.code: 400, recorded 422`. */
export function differences(actual: Json, expected: Json, path = ""): string[] {
  if (isDeepStrictEqual(actual, expected)) return []
  const isTree = (value: Json) => typeof value === "object" && value !== null
  if (!isTree(actual) || !isTree(expected) || Array.isArray(actual) !== Array.isArray(expected))
    return [`${path}: ${JSON.stringify(actual)}, recorded ${JSON.stringify(expected)}`]
  const keys = new Set([...Object.keys(actual), ...Object.keys(expected)])
  return [...keys].flatMap((key) => differences(actual[key], expected[key], path === "" ? key : `${path}.${key}`))
}
