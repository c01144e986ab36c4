// What a call costs when it is made, in Kubernetes' terms. Sources: apiserver pkg/cel/library/cost.go, cel-go
// interpreter/runtimecost.go and ext.
import { OpaqueValue, ListValue, MapValue, type Value } from "#cel/values/value.ts"
import { sizeOf } from "#cel/values/type-of.ts"

export type CallCost = (args: readonly Value[], result: Value) => number

export const TRAVERSAL_FACTOR = 0.1
export const PATTERN_FACTOR = 0.25
const LIST_COST = 10

const traversal = (size: number) => Math.ceil(size * TRAVERSAL_FACTOR)
const fixed =
  (cost: number): CallCost =>
  () =>
    cost
const byFirst: CallCost = ([first]) => traversal(sizeOf(first!))
const byFirstTwice: CallCost = ([first]) => Math.ceil(sizeOf(first!) * 2 * TRAVERSAL_FACTOR)
const byPattern: CallCost = ([text, pattern]) =>
  Math.ceil((1 + sizeOf(text!)) * TRAVERSAL_FACTOR) * Math.ceil(sizeOf(pattern!) * PATTERN_FACTOR)
const bySmaller: CallCost = ([a, b]) => traversal(Math.min(sizeOf(a!), sizeOf(b!)))
const bySum: CallCost = ([a, b]) => traversal(sizeOf(a!) + sizeOf(b!))
const byElements: CallCost = ([first]) => elementsCost(first!)

/** Costs by overload, which go before those by name. */
const BY_OVERLOAD_FIRST: { readonly [id: string]: CallCost } = {
  list_slice: (_, result) => allocating(1, sizeOf(result)),
  list_flatten: ([list]) => allocating(1, sizeOf(list!)),
  list_flatten_int: ([list, depth]) => allocating(Number(depth), sizeOf(list!)),
  lists_range: (_, result) => allocating(1, sizeOf(result)),
  list_reverse: (_, result) => allocating(1, sizeOf(result)),
  list_distinct: ([list]) => selfCompare(list!),
  list_sets_contains_list: ([a, b]) => 1 + sizeOf(a!) * sizeOf(b!),
  list_sets_intersects_list: ([a, b]) => 1 + sizeOf(a!) * sizeOf(b!),
  list_sets_equivalent_list: ([a, b]) => 1 + sizeOf(a!) * sizeOf(b!) * 2,
}

const BY_NAME: { readonly [name: string]: CallCost } = {
  check: fixed(350_000),
  ...Object.fromEntries(
    (
      "serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family " +
      "isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger " +
      "asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort " +
      "getEscapedPath getQuery"
    )
      .split(" ")
      .map((name) => [name, fixed(1)]),
  ),
  fieldSelector: ([, selector]) => selectorCost(sizeOf(selector!)),
  labelSelector: ([, selector]) => selectorCost(sizeOf(selector!)),
  isSorted: byElements,
  sum: byElements,
  max: byElements,
  min: byElements,
  indexOf: byElements,
  lastIndexOf: byElements,
  url: byFirst,
  lowerAscii: byFirst,
  upperAscii: byFirst,
  substring: byFirst,
  trim: byFirst,
  replace: byFirstTwice,
  split: byFirstTwice,
  join: (_, result) => Math.ceil(sizeOf(result) * 2 * TRAVERSAL_FACTOR),
  find: byPattern,
  findAll: byPattern,
  cidr: byFirst,
  isIP: byFirst,
  isCIDR: byFirst,
  ip: byFirst,
  "ip.isCanonical": byFirstTwice,
  quantity: byFirst,
  isQuantity: byFirst,
  semver: byFirst,
  isSemver: byFirst,
}

const BY_OVERLOAD: { readonly [id: string]: CallCost } = {
  starts_with_string: byFirst,
  ends_with_string: byFirst,
  string_to_bytes: byFirst,
  bytes_to_string: byFirst,
  strings_quote: byFirst,
  string_format: byFirst,
  in_list: ([, list]) => sizeOf(list!),
  equals: bySmaller,
  not_equals: bySmaller,
  add_string: bySum,
  add_bytes: bySum,
  matches_string: byPattern,
  contains_string: ([text, part]) => traversal(sizeOf(text!)) * traversal(sizeOf(part!)),
  ...Object.fromEntries(
    ["less", "less_equals", "greater", "greater_equals"].flatMap((order) => [
      [`${order}_string`, bySmaller],
      [`${order}_bytes`, bySmaller],
    ]),
  ),
}

/** @param overload  the only one that the call may be of, otherwise empty */
export function callCost(name: string, overload: string): CallCost {
  const first = BY_OVERLOAD_FIRST[overload] ?? sortCost(overload)
  if (first !== undefined) return first
  switch (name) {
    case "_==_":
      return (args, result) => (args[0] instanceof OpaqueValue ? 1 : bySmaller(args, result))
    case "_!=_":
      return bySmaller
    case "ip":
      return overload === "cidr_ip" ? fixed(1) : byFirst
    case "containsIP":
      return containsCost(overload === "cidr_contains_ip_string", false)
    case "containsCIDR":
      return containsCost(overload === "cidr_contains_cidr_string", true)
    case "validate":
      return ([format, text]) =>
        Math.ceil((1 + sizeOf(text!)) * TRAVERSAL_FACTOR) * Math.ceil(patternSize(format!) * PATTERN_FACTOR)
    default:
      return (Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined) ?? BY_OVERLOAD[overload] ?? fixed(1)
  }
}

/** The size of the pattern that a named format stands for. */
function patternSize(format: Value): number {
  return "patternSizeMax" in (format as object)
    ? Number((format as unknown as { patternSizeMax: number }).patternSizeMax)
    : 0
}

function sortCost(overload: string): CallCost | undefined {
  if (/^list_.*_sort$/.test(overload)) return ([list]) => selfCompare(list!)
  return /^list_.*_sortByAssociatedKeys$/.test(overload) ? ([, keys]) => selfCompare(keys!) : undefined
}

function allocating(factor: number, size: number): number {
  return Math.trunc(size * factor) + 1 + LIST_COST
}

function selfCompare(list: Value): number {
  const size = sizeOf(list)
  const first = list instanceof ListValue && size > 0 ? list.at(0) : undefined
  const isText = typeof first === "string" || first instanceof Uint8Array
  return allocating(isText ? 2 + TRAVERSAL_FACTOR : 2, size * size)
}

function selectorCost(length: number): number {
  return LIST_COST + traversal(length) + Math.ceil(Math.ceil(length * 0.5) * 50)
}

function containsCost(parses: boolean, isRange: boolean): CallCost {
  return ([range, other]) => {
    const size = sizeOf(range!)
    const own = traversal(size + size) + (isRange ? traversal(size) + 1 : 0)
    return own + (parses ? traversal(sizeOf(other!)) : 0)
  }
}

const encoder = new TextEncoder()

/** The cost of looking at all of a value once. */
function elementsCost(value: Value): number {
  if (typeof value === "string") return Math.trunc(encoder.encode(value).length * TRAVERSAL_FACTOR)
  if (value instanceof Uint8Array) return Math.trunc(value.length * TRAVERSAL_FACTOR)
  let cost = 0
  if (value instanceof ListValue) for (const element of value) cost += elementsCost(element)
  else if (value instanceof MapValue) {
    for (const key of value.keys()) cost += elementsCost(key) + elementsCost(value.find(key)!)
  } else return 1
  return cost
}
