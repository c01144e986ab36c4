import { clone, deepEqual, isJsonObject, setMember } from "#apimachinery/json.ts"
import { goJsonKind } from "#apimachinery/go-text.ts"
import { badRequest, newStatusError } from "#apimachinery/status-error.ts"

/** As many operations as the API server takes in one patch. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000

type Operation = {
  readonly op: string
  readonly path: string | undefined
  readonly from: string | undefined
  readonly value: unknown
}

/** An operation that cannot be done. It never leaves this file: clients see one text for all of them. */
class OperationError extends Error {}

/**
 * Applies an RFC 6902 patch. Neither argument is changed, and nothing of them is in the result.
 *
 * Differs from the RFC where the API server does: a missing member counts as null, so that `replace` of it succeeds;
 * negative indexes count from the end.
 *
 * @throws StatusError BadRequest for what is no patch, RequestEntityTooLarge for too many operations, and 422 for one
 *   that does not apply, a failed `test` included
 */
export function jsonPatch(doc: unknown, ops: readonly unknown[]): unknown {
  const operations = decodeJsonPatch(ops)
  let root = clone(doc)
  try {
    for (const operation of operations) root = applyOperation(root, operation)
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    throw newStatusError("Invalid", "the server rejected our request due to an error in our request", {})
  }
  return root
}

/** Members that no operation has, as the API server's strict decoding names them: `json patch unknown field "[0].foo"`. */
export function findUnknownJsonPatchFields(ops: readonly unknown[]): string[] {
  const known = new Set(["op", "path", "from", "value"])
  return ops.flatMap((op, i) =>
    isJsonObject(op)
      ? Object.keys(op)
          .filter((key) => !known.has(key))
          .map((key) => `json patch unknown field "[${i}].${key}"`)
      : [],
  )
}

function decodeJsonPatch(ops: unknown): Operation[] {
  if (!Array.isArray(ops)) throw undecodable(ops, "Go value of type []handlers.jsonPatchOp")
  if (ops.length > JSON_PATCH_OPERATIONS_MAX) {
    const detail = `The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${ops.length}`
    throw newStatusError("RequestEntityTooLarge", `Request entity is too large: ${detail}`)
  }
  return ops.map((op): Operation => {
    if (!isJsonObject(op)) throw undecodable(op, "Go value of type handlers.jsonPatchOp")
    return { op: textOf(op, "op") ?? "unknown", path: textOf(op, "path"), from: textOf(op, "from"), value: op["value"] }
  })
}

function textOf(op: { readonly [field: string]: unknown }, field: "op" | "path" | "from"): string | undefined {
  const value = op[field] ?? undefined
  if (value === undefined || typeof value === "string") return value
  throw undecodable(value, `Go struct field jsonPatchOp.${field} of type string`)
}

const undecodable = (value: unknown, target: string) =>
  badRequest(`error decoding patch: json: cannot unmarshal ${goJsonKind(value)} into ${target}`)

function applyOperation(root: unknown, { op, path, from, value }: Operation): unknown {
  if (path === undefined) throw new OperationError(`${op} operation has no path`)
  switch (op) {
    case "add":
      addAt(root, path, clone(value ?? null))
      return root
    case "remove":
      removeAt(root, path)
      return root
    case "replace":
      return replaceAt(root, path, clone(value ?? null))
    case "move": {
      const moved = valueAt(root, from)
      removeAt(root, from!)
      addAt(root, path, moved)
      return root
    }
    case "copy":
      addAt(root, path, clone(valueAt(root, from)))
      return root
    case "test": {
      const actual = path === "" ? root : valueAt(root, path)
      if (!deepEqual(actual, value ?? null)) throw new OperationError(`testing value ${path} failed`)
      return root
    }
    default:
      throw new OperationError(`unexpected kind: ${op}`)
  }
}

type Container = unknown[] | { [key: string]: unknown }

/** The object or array that holds what `path` names, and its key there. */
function locate(root: unknown, path: string | undefined): { container: Container; key: string } {
  const parts = (path ?? "").split("/")
  if (parts.length < 2) throw new OperationError(`missing path: ${path}`)
  const keys = parts.slice(1).map((part) => part.replace(/~[01]/g, (escape) => (escape === "~1" ? "/" : "~")))
  const key = keys.pop()!
  let container = root
  for (const step of keys) {
    if (!isContainer(container)) throw new OperationError(`missing path: ${path}`)
    container = memberAt(container, step)
  }
  if (!isContainer(container)) throw new OperationError(`missing path: ${path}`)
  return { container, key }
}

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null

function memberAt(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexIn(key, container.length)]
  return Object.hasOwn(container, key) ? container[key] : null
}

const valueAt = (root: unknown, path: string | undefined) => {
  const { container, key } = locate(root, path)
  return memberAt(container, key)
}

/** @param length  indexes below it are valid; negative ones count back from it */
function indexIn(key: string, length: number): number {
  if (!/^[+-]?[0-9]+$/.test(key)) throw new OperationError(`no array index: ${key}`)
  const index = Number(key)
  const absolute = index < 0 ? index + length : index
  if (absolute < 0 || absolute >= length) throw new OperationError(`index out of range: ${key}`)
  return absolute
}

function addAt(root: unknown, path: string, value: unknown): void {
  const { container, key } = locate(root, path)
  if (!Array.isArray(container)) setMember(container, key, value)
  else if (key === "-") container.push(value)
  else container.splice(indexIn(key, container.length + 1), 0, value)
}

function removeAt(root: unknown, path: string): void {
  const { container, key } = locate(root, path)
  if (Array.isArray(container)) container.splice(indexIn(key, container.length), 1)
  else if (Object.hasOwn(container, key)) delete container[key]
  else throw new OperationError(`unable to remove nonexistent key: ${key}`)
}

function replaceAt(root: unknown, path: string, value: unknown): unknown {
  if (path === "") {
    if (!isContainer(value)) throw new OperationError("replace operation value must be object or array")
    return value
  }
  const { container, key } = locate(root, path)
  if (Array.isArray(container)) container[indexIn(key, container.length)] = value
  else setMember(container, key, value)
  return root
}
