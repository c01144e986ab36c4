import { keyOf, ListValue, Uint, type Value } from "#cel/values/value.ts"

/** The elements of a constant list in a form in which a value is quickly found; undefined for other than plain values. */
export function constantMembers(list: Value): ReadonlySet<unknown> | undefined {
  if (!(list instanceof ListValue)) return undefined
  const members = new Set<unknown>()
  for (const element of list) {
    const isPlain = element instanceof Uint || ["boolean", "bigint", "string", "number"].includes(typeof element)
    if (!isPlain || Number.isNaN(element)) return undefined
    members.add(typeof element === "number" && !Number.isInteger(element) ? element : keyOf(element))
  }
  return members
}
