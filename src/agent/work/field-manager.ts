import { isJsonObject } from "#apimachinery/json.ts"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"

type Path = readonly (string | number)[]
type Fields = { readonly [element: string]: unknown }

/**
 * Who an object's own books say has set a field last; of a field that is gone, who has written the object last.
 *
 * @param live  the object whose books they are: items of lists are named by what they hold
 * @returns undefined when nobody can be named
 */
export function managerOf(entries: readonly ManagedFieldsEntry[], live: UnknownObject, path: Path): string | undefined {
  const newestFirst = entries
    .filter(({ subresource, manager }) => subresource !== "status" && manager !== undefined && manager !== "")
    .toSorted((a, b) => ((a.time ?? "") < (b.time ?? "") ? 1 : -1))
  const owner = newestFirst.find(({ fieldsV1 }) => owns(fieldsV1 as Fields | undefined, live, path))
  return (owner ?? newestFirst[0])?.manager
}

/** Whether a set of fields has one at, above (as a whole) or below the path. */
function owns(fields: Fields | undefined, value: unknown, path: Path): boolean {
  if (fields === undefined) return false
  const [head, ...rest] = path
  if (head === undefined) return true
  if (Object.keys(fields).length === 0) return true
  const [inside, item] = typeof head === "number" ? itemOf(fields, value, head) : memberOf(fields, value, head)
  return isJsonObject(inside) && owns(inside, item, rest)
}

const memberOf = (fields: Fields, value: unknown, name: string): [unknown, unknown] => [
  fields[`f:${name}`],
  isJsonObject(value) ? value[name] : undefined,
]

/** Items of lists are owned by their keys (`k:{"name":"app"}`); by place only where they have none. */
function itemOf(fields: Fields, value: unknown, index: number): [unknown, unknown] {
  const item: unknown = Array.isArray(value) ? value[index] : undefined
  const key = Object.keys(fields).find((element) => element.startsWith("k:") && hasKeys(item, element.slice(2)))
  return [key === undefined ? fields[`i:${index}`] : fields[key], item]
}

function hasKeys(item: unknown, text: string): boolean {
  try {
    const keys: unknown = JSON.parse(text)
    if (!isJsonObject(item) || !isJsonObject(keys)) return false
    return Object.entries(keys).every(([name, value]) => item[name] === value)
  } catch {
    return false
  }
}
