// What can be wrong with constants in an expression though it is well typed. Source: cel-go cel/validator.go.
import { goRegExp } from "#apimachinery/schema/go-regexp.ts"
import { FormatError, interpretFormat, wrongType, type Clause } from "#cel/libraries/format-clauses.ts"
import { childrenOf, type CallExpr, type Expr } from "#cel/syntax/ast.ts"
import type { Issue } from "#cel/syntax/source.ts"
import { parseDuration, parseTimestamp } from "#cel/values/time.ts"
import { isError, type Value } from "#cel/values/value.ts"
import type { Checked } from "./checker.ts"
import { optionalValueType, sameType, typeText, type Kind, type Type } from "./type.ts"

/** @returns what is wrong with durations, times, patterns, formats and mixed lists that are written out */
export function checkLiterals(expr: Expr, checked: Checked): Issue[] {
  const groups: Record<"duration" | "timestamp" | "matches" | "lists" | "maps" | "formats", Issue[]> = {
    duration: [],
    timestamp: [],
    matches: [],
    lists: [],
    maps: [],
    formats: [],
  }
  const typeOf = (part: Expr): Type => checked.types.get(part)!
  const visit = (part: Expr, exempt: boolean): void => {
    if (part.kind === "call") {
      const problem = literalProblem(part)
      if (problem !== undefined) groups[problem.group].push(problem.issue)
      if (part.function === "format") groups.formats.push(...formatProblems(part, typeOf))
    } else if (!exempt && part.kind === "list") groups.lists.push(...listProblems(part, typeOf))
    else if (!exempt && part.kind === "map") groups.maps.push(...mapProblems(part, typeOf))
    const inside = exempt || (part.kind === "call" && part.function === "format")
    for (const child of childrenOf(part)) visit(child, inside)
  }
  visit(expr, false)
  return Object.values(groups).flat()
}

type LiteralGroup = "duration" | "timestamp" | "matches"

const LITERALS: { readonly [name in LiteralGroup]: (value: Value) => boolean } = {
  duration: (value) => typeof value !== "string" || parseDuration(value) !== undefined,
  timestamp: (value) => {
    const time = typeof value === "string" ? parseTimestamp(value) : null
    return time !== undefined && !isError(time)
  },
  matches: (value) => typeof value !== "string" || !(goRegExp(value) instanceof Error),
}

function literalProblem(call: CallExpr): { group: LiteralGroup; issue: Issue } | undefined {
  const [first] = call.args
  if (first?.kind !== "literal" || !Object.hasOwn(LITERALS, call.function)) return undefined
  const group = call.function as LiteralGroup
  if (LITERALS[group](first.value)) return undefined
  return { group, issue: { offset: first.offset, message: `invalid ${group} argument` } }
}

type TypeOf = (part: Expr) => Type

function mismatch(part: Expr, expected: Type, actual: Type): Issue {
  return { offset: part.offset, message: `expected type '${typeText(expected)}' but found '${typeText(actual)}'` }
}

const valueType = (type: Type, optional: boolean) => (optional ? (optionalValueType(type) ?? type) : type)

function listProblems(list: Expr & { kind: "list" }, typeOf: TypeOf): Issue[] {
  let first: Type | undefined
  for (const [i, element] of list.elements.entries()) {
    const type = valueType(typeOf(element), list.optional.has(i))
    first ??= type
    if (!sameType(first, type)) return [mismatch(element, first, type)]
  }
  return []
}

function mapProblems(map: Expr & { kind: "map" }, typeOf: TypeOf): Issue[] {
  const issues: Issue[] = []
  let first: { key: Type; value: Type } | undefined
  for (const entry of map.entries) {
    const key = typeOf(entry.key)
    const value = valueType(typeOf(entry.value), entry.optional)
    first ??= { key, value }
    if (!sameType(first.key, key)) issues.push(mismatch(entry.key, first.key, key))
    if (!sameType(first.value, value)) issues.push(mismatch(entry.value, first.value, value))
  }
  return issues
}

const FORMATTED: { readonly [letter in Clause["letter"]]: readonly Kind[] } = {
  s: ["list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null"],
  d: ["int", "uint"],
  f: ["double"],
  e: ["double"],
  b: ["int", "uint", "bool"],
  o: ["int", "uint"],
  x: ["int", "uint", "string", "bytes"],
  X: ["int", "uint", "string", "bytes"],
}

function formatProblems(call: CallExpr, typeOf: TypeOf): Issue[] {
  const { target, args } = call
  const [list] = args
  if (target?.kind !== "literal" || typeof target.value !== "string" || list?.kind !== "list") return []
  const { elements } = list
  let bad: Expr | undefined
  try {
    const { used } = interpretFormat(target.value, elements.length, (i, clause) => {
      bad = wrongPart(elements[i]!, clause, typeOf)
      if (bad !== undefined) throw new FormatError(wrongType(clause, typeOf(bad).name), i)
      return ""
    })
    if (elements.length <= used) return []
    const message = `too many arguments supplied to string.format (expected ${used}, got ${elements.length})`
    return [{ offset: call.offset, message }]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [{ offset: error.argument === undefined ? call.offset : bad!.offset, message: error.message }]
  }
}

/** The part of an argument that cannot be formatted: in lists and maps that are written out, one of their parts. */
function wrongPart(part: Expr, clause: Clause, typeOf: TypeOf): Expr | undefined {
  const { kind, name } = typeOf(part)
  const isSpecial = (clause.letter === "f" || clause.letter === "e") && kind === "string"
  if (kind !== "dyn" && name !== "dyn" && !isSpecial && !FORMATTED[clause.letter].includes(kind)) return part
  if (clause.letter !== "s" || (part.kind !== "list" && part.kind !== "map")) return undefined
  for (const child of childrenOf(part)) {
    const wrong = wrongPart(child, clause, typeOf)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
