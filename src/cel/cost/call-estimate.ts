// What a call may cost, by how large its arguments can be. Sources: apiserver pkg/cel/library/cost.go, cel-go
// checker/cost.go and ext.
import type { Expr } from "#cel/syntax/ast.ts"
import { sameType, type Type } from "#cel/types/type.ts"
import { PATTERN_FACTOR, TRAVERSAL_FACTOR } from "./call-cost.ts"
import { add, COST_MAX, exactly, multiply, ONE, product, scale, sum, UNKNOWN, type Range } from "./range.ts"

export type CallEstimate = { readonly cost: Range; readonly size?: Range }

/** An argument: where it comes from, and how large it is as far as that is known. */
export type Node = {
  readonly path: readonly string[]
  readonly type: Type
  readonly expr: Expr | undefined
  readonly size: Range | undefined
}

type SizeOfPath = (path: readonly string[]) => Range | undefined

/** How large the patterns of named formats can be. */
const FORMAT_PATTERN_MAX = 128
const FORMAT_NAME_MAX = 64
const ADDRESS: Range = { min: 4, max: 16 }
const LIST_COST = exactly(10)

const FIXED = new Set(
  (
    "serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family " +
    "isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger " +
    "asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort " +
    "getEscapedPath getQuery"
  ).split(" "),
)

/** Without the cost of the arguments themselves. */
export function estimateCall(
  name: string,
  overload: string,
  target: Node | undefined,
  args: readonly Node[],
  sizeOfPath: SizeOfPath,
): CallEstimate {
  const sizeOf = (node: Node): Range =>
    node.size ?? (node.path.length === 0 ? undefined : sizeOfPath(node.path)) ?? UNKNOWN
  return (
    estimateListCall(overload, target, args, sizeOf) ??
    estimateLibraryCall(name, overload, target, args, sizeOf) ??
    estimateStandardCall(overload, target, args)
  )
}

type SizeOf = (node: Node) => Range

const traverse = (size: Range) => scale(size, TRAVERSAL_FACTOR)
const squared = (size: Range) => multiply(size, size)

function allocating(factor: number, size: Range): CallEstimate {
  return { cost: add(add(scale(size, factor), ONE), LIST_COST), size }
}

function literalInt(node: Node, otherwise: number): number {
  const value = node.expr?.kind === "literal" ? node.expr.value : undefined
  return typeof value === "bigint" ? Math.max(0, Number(value)) : otherwise
}

function estimateListCall(
  overload: string,
  target: Node | undefined,
  args: readonly Node[],
  sizeOf: SizeOf,
): CallEstimate | undefined {
  switch (overload) {
    case "list_slice": {
      const size = literalInt(args[1]!, sizeOf(target!).max) - literalInt(args[0]!, 0)
      // Upstream's difference is unsigned: less than nothing is very much.
      return allocating(1, exactly(size < 0 ? COST_MAX : size))
    }
    case "list_flatten":
      return allocating(1, sizeOf(target!))
    case "list_flatten_int":
      return allocating(literalInt(args[0]!, COST_MAX), sizeOf(target!))
    case "lists_range":
      return allocating(1, exactly(literalInt(args[0]!, COST_MAX)))
    case "list_reverse":
      return allocating(1, sizeOf(target!))
    case "list_distinct":
      return allocating(2, squared(sizeOf(target!)))
    case "list_sets_contains_list":
    case "list_sets_intersects_list":
    case "list_sets_equivalent_list": {
      const pairs = multiply(sizeOf(args[0]!), sizeOf(args[1]!))
      return { cost: add(scale(pairs, overload === "list_sets_equivalent_list" ? 2 : 1), ONE) }
    }
  }
  const sorted = /^list_(.*)_(sort|sortByAssociatedKeys)$/.exec(overload)
  if (sorted === null) return undefined
  const keys = sizeOf(sorted[2] === "sort" ? target! : args[0]!)
  const isText = sorted[1] === "string" || sorted[1] === "bytes"
  return allocating(isText ? 2 + TRAVERSAL_FACTOR : 2, squared(keys))
}

function estimateLibraryCall(
  name: string,
  overload: string,
  target: Node | undefined,
  args: readonly Node[],
  sizeOf: SizeOf,
): CallEstimate | undefined {
  if (FIXED.has(name)) return { cost: ONE }
  const [first] = args
  switch (name) {
    case "check":
      return { cost: exactly(350_000) }
    case "fieldSelector":
    case "labelSelector": {
      const length = sizeOf(first!)
      return { cost: sum([LIST_COST, traverse(length), scale(scale(length, 0.5), 50)]) }
    }
    case "isSorted":
    case "sum":
    case "max":
    case "min":
    case "indexOf":
    case "lastIndexOf":
      return target === undefined ? undefined : { cost: elementsCost(target, sizeOf) }
    case "url":
      return { cost: traverse(sizeOf(first!)), size: sizeOf(first!) }
    case "lowerAscii":
    case "upperAscii":
    case "substring":
    case "trim":
      return { cost: traverse(sizeOf(target!)), size: sizeOf(target!) }
    case "replace":
      return estimateReplace(sizeOf(target!), sizeOf(first!), sizeOf(args[1]!))
    case "split": {
      const size = sizeOf(target!)
      const literal = args[1]?.expr?.kind === "literal" ? args[1].expr.value : undefined
      // A negative number is no limit, and as an unsigned one very large.
      const max = typeof literal === "bigint" ? (literal < 0n ? COST_MAX : Number(literal)) : size.max
      return { cost: scale(size, 2 * TRAVERSAL_FACTOR), size: { min: 0, max } }
    }
    case "join":
      return estimateJoin(target!, first, sizeOf)
    case "find":
    case "findAll": {
      const size = sizeOf(target!)
      const cost = multiply(traverse(add(size, ONE)), scale(sizeOf(first!), PATTERN_FACTOR))
      return { cost, size: { min: 0, max: size.max } }
    }
    case "ip":
      return { cost: overload === "cidr_ip" ? ONE : traverse(sizeOf(first!)) }
    case "cidr":
    case "isIP":
    case "isCIDR":
    case "quantity":
    case "isQuantity":
    case "semver":
    case "isSemver":
      return { cost: traverse(sizeOf(first!)) }
    case "ip.isCanonical":
      return { cost: scale(sizeOf(first!), 2 * TRAVERSAL_FACTOR) }
    case "containsIP":
    case "containsCIDR": {
      let cost = traverse(add(ADDRESS, ADDRESS))
      if (name === "containsCIDR") cost = sum([cost, traverse(ADDRESS), ONE])
      const parses = overload === "cidr_contains_ip_string" || overload === "cidr_contains_cidr_string"
      return { cost: parses ? add(cost, traverse(sizeOf(first!))) : cost }
    }
    case "validate":
      return { cost: scale(traverse(sizeOf(first!)), FORMAT_PATTERN_MAX * PATTERN_FACTOR) }
    case "_==_":
      return estimateOpaqueEquality(first!, args[1]!)
    default:
      return undefined
  }
}

function elementsCost(target: Node, sizeOf: SizeOf): Range {
  const element = target.type.params[0]
  // Text has no elements, and functions of these names.
  if (element === undefined) return traverse(sizeOf(target))
  let each = ONE
  if (element.kind === "string" || element.kind === "bytes")
    each = add(each, traverse(sizeOf(elementOf(target, element))))
  return multiply(sizeOf(target), each)
}

function elementOf(list: Node, type: Type): Node {
  const path = list.path.length === 0 ? [] : [...list.path, "@items"]
  return { path, type, expr: undefined, size: undefined }
}

function estimateReplace(size: Range, from: Range, to: Range): CallEstimate {
  const count = { min: 0, max: 0 }
  const kept = { min: 0, max: 0 }
  if (from.min === 0) {
    count.max = Math.min(COST_MAX, size.max + 1)
    kept.max = size.max
  } else if (to.max <= from.min) kept.max = size.max
  else count.max = Math.ceil(size.max / from.min)
  if (from.max === 0) {
    count.min = Math.min(COST_MAX, size.min + 1)
    kept.min = size.min
  } else if (from.max <= to.min) kept.min = size.min
  else count.min = Math.ceil(size.min / from.max)
  return { cost: scale(size, 2 * TRAVERSAL_FACTOR), size: add(multiply(count, to), kept) }
}

function estimateJoin(target: Node, separator: Node | undefined, sizeOf: SizeOf): CallEstimate {
  const count = sizeOf(target)
  const element = target.type.params[0]
  let size: Range = element === undefined ? exactly(0) : multiply(count, sizeOf(elementOf(target, element)))
  if (separator !== undefined) {
    const between = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }
    size = add(size, multiply(sizeOf(separator), between))
  }
  return { cost: traverse(size), size }
}

function estimateOpaqueEquality(a: Node, b: Node): CallEstimate | undefined {
  if (!sameType(a.type, b.type)) return undefined
  switch (a.type.name) {
    case "net.IP":
    case "net.CIDR":
    case "kubernetes.Quantity":
    case "kubernetes.Semver":
      return { cost: ONE }
    case "kubernetes.NamedFormat":
      return { cost: traverse({ min: 1, max: FORMAT_NAME_MAX }) }
    case "kubernetes.URL":
      return { cost: traverse({ min: 1, max: b.size?.max ?? 1 }) }
    default:
      return undefined
  }
}

function estimateStandardCall(overload: string, target: Node | undefined, args: readonly Node[]): CallEstimate {
  const known = (node: Node | undefined): Range => node?.size ?? UNKNOWN
  const [first, second] = args
  switch (overload) {
    case "string_format":
      return { cost: traverse(known(target)) }
    case "string_to_bytes":
      return { cost: traverse(known(first)), size: { min: known(first).min, max: product(known(first).max, 4) } }
    case "bytes_to_string":
      return { cost: traverse(known(first)), size: { min: Math.trunc(known(first).min / 4), max: known(first).max } }
    case "strings_quote": {
      const size = known(first)
      return { cost: traverse(size), size: { min: size.min + 2, max: Math.min(COST_MAX, size.max * 2 + 2) } }
    }
    case "starts_with_string":
    case "ends_with_string":
      return { cost: traverse(known(first)) }
    case "in_list":
      return { cost: known(second) }
    case "matches_string":
      if (target === undefined) return { cost: ONE }
      return { cost: multiply(traverse(add(known(target), ONE)), scale(known(first), PATTERN_FACTOR)) }
    case "contains_string":
      return { cost: multiply(traverse(known(target)), traverse(known(first))) }
    case "add_list":
      return { cost: ONE, size: add(known(first), known(second)) }
    case "add_string":
    case "add_bytes": {
      const size = add(known(first), known(second))
      return { cost: traverse(size), size }
    }
    case "equals":
    case "not_equals":
      return { cost: traverse(smallest(known(first), known(second))) }
  }
  if (/^(less|greater)(_equals)?_(string|bytes)$/.test(overload)) {
    return { cost: traverse(smallest(known(first), known(second))) }
  }
  return { cost: ONE }
}

/** A comparison looks at no more than the shorter one. */
function smallest(a: Range, b: Range): Range {
  const max = Math.min(a.max, b.max)
  return { min: max > 0 ? 1 : 0, max }
}
