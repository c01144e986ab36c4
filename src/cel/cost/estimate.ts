// What an expression may cost at most, from how large its variables can be. Source: cel-go checker/cost.go.
import { UNUSED, type CallExpr, type ComprehensionExpr, type Expr } from "#cel/syntax/ast.ts"
import type { Checked } from "#cel/types/checker.ts"
import { optionalValueType, type Kind, type Type } from "#cel/types/type.ts"
import { codePoints } from "#cel/values/type-of.ts"
import { estimateCall, type CallEstimate, type Node } from "./call-estimate.ts"
import { add, COST_MAX, exactly, multiply, NOTHING, ONE, sum, union, UNKNOWN, type Range } from "./range.ts"

/** How large what is at a path can be; undefined when nothing is known. `@items`, `@keys` and `@values` step into lists and maps. */
export type SizeOfPath = (path: readonly string[]) => Range | undefined

/** Sizes of the entries of a list or map. */
type Entries = { readonly container: "list" | "map"; readonly key: Range; readonly value: Range }
type Local = {
  readonly path: readonly string[]
  readonly size: Range | undefined
  readonly entries: Entries | undefined
}

const LIST_COST = exactly(10)
const MAP_COST = exactly(30)
const STRUCT_COST = exactly(40)

/** @returns the least and the most that evaluating the expression can cost */
export function estimateCost(expr: Expr, checked: Checked, sizeOfPath: SizeOfPath): Range {
  return new Estimator(checked, sizeOfPath).cost(expr)
}

class Estimator {
  readonly #checked: Checked
  readonly #sizeOfPath: SizeOfPath
  readonly #paths = new Map<Expr, readonly string[]>()
  readonly #sizes = new Map<Expr, Range>()
  readonly #entries = new Map<Expr, Entries>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: Checked, sizeOfPath: SizeOfPath) {
    this.#checked = checked
    this.#sizeOfPath = sizeOfPath
  }

  cost(expr: Expr): Range {
    const named = this.#checked.names.get(expr)
    if (named !== undefined) return this.#ident(expr, named.name)
    switch (expr.kind) {
      case "literal":
        return NOTHING
      case "ident":
        return this.#ident(expr, expr.name)
      case "select":
        return this.#select(expr)
      case "call":
        return this.#call(expr)
      case "list":
        return this.#list(expr)
      case "map":
        return this.#map(expr)
      case "struct":
        return add(sum(expr.fields.map((field) => this.cost(field.value))), STRUCT_COST)
      case "comprehension":
        return this.#comprehension(expr)
    }
  }

  #typeOf(expr: Expr): Type {
    return this.#checked.types.get(expr)!
  }

  #ident(expr: Expr, name: string): Range {
    this.#paths.set(expr, this.#local(name)?.path ?? [name])
    return ONE
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #push(name: string, local: Local): void {
    const known = this.#locals.get(name)
    if (known === undefined) this.#locals.set(name, [local])
    else known.push(local)
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop()
  }

  #select(expr: Expr & { kind: "select" }): Range {
    const operand = this.cost(expr.operand)
    if (expr.testOnly) return operand
    const kind = this.#typeOf(expr.operand).kind
    this.#paths.set(expr, [...this.#pathOf(expr.operand), expr.field])
    return kind === "map" || kind === "struct" || kind === "param" ? add(operand, ONE) : operand
  }

  #call(expr: CallExpr): Range {
    if (expr.function === "dyn" && expr.args.length === 1) {
      const cost = this.cost(expr.args[0]!)
      this.#copySizes(expr, expr.args[0]!)
      return add(ONE, cost)
    }
    const argCosts = expr.args.map((arg) => this.cost(arg))
    const args = expr.args.map((arg) => this.#node(arg))
    const reference = this.#checked.calls.get(expr)
    const overloads = reference?.overloads ?? (expr.function === "_?._" ? ["select_optional_field"] : [])
    if (overloads.length === 0) return NOTHING
    const isMember = expr.target !== undefined && reference?.qualified !== true
    const targetCost = isMember ? this.cost(expr.target!) : NOTHING
    const target = isMember ? this.#node(expr.target!) : undefined
    const name = reference?.declaration.name ?? expr.function
    let cost: Range = { min: COST_MAX, max: 0 }
    let size: Range | undefined
    for (const overload of overloads) {
      const estimate = this.#functionCost(expr, name, overload, target, args, argCosts)
      cost = union(cost, estimate.cost)
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size)
      if (overload === "index_list" || overload === "index_map") {
        size = this.#entriesOf(expr.args[0]!)?.value
        this.#paths.set(expr, [...this.#pathOf(expr.args[0]!), overload === "index_list" ? "@items" : "@values"])
      }
      size ??= this.#sizeOf(expr)
    }
    if (size !== undefined) this.#sizes.set(expr, size)
    return add(targetCost, cost)
  }

  #functionCost(
    expr: CallExpr,
    name: string,
    overload: string,
    target: Node | undefined,
    args: readonly Node[],
    argCosts: readonly Range[],
  ): CallEstimate {
    if (overload === "logical_and" || overload === "logical_or") {
      const [left, right] = argCosts as [Range, Range]
      return { cost: { min: left.min, max: add(left, right).max } }
    }
    if (overload === "conditional") {
      const [, truthy, falsy] = expr.args as [Expr, Expr, Expr]
      this.#setEntries(expr, unionEntries(this.#entriesOf(truthy), this.#entriesOf(falsy)))
      const size = union(args[1]!.size ?? UNKNOWN, args[2]!.size ?? UNKNOWN)
      return { cost: add(argCosts[0]!, union(argCosts[1]!, argCosts[2]!)), size }
    }
    if (overload === "add_string" || overload === "add_bytes" || overload === "add_list") {
      this.#setEntries(expr, unionEntries(this.#entriesOf(expr.args[0]!), this.#entriesOf(expr.args[1]!)))
    }
    const estimate = estimateCall(name, overload, target, args, this.#sizeOfPath)
    return { ...estimate, cost: add(estimate.cost, sum(argCosts)) }
  }

  #list(expr: Expr & { kind: "list" }): Range {
    let cost = LIST_COST
    let value: Range = { min: expr.elements.length === 0 ? 0 : COST_MAX, max: 0 }
    for (const element of expr.elements) {
      cost = add(cost, this.cost(element))
      value = union(value, this.#sizeOf(element) ?? UNKNOWN)
    }
    this.#setEntries(expr, { container: "list", key: ONE, value })
    return cost
  }

  #map(expr: Expr & { kind: "map" }): Range {
    const start: Range = { min: expr.entries.length === 0 ? 0 : COST_MAX, max: 0 }
    let [cost, key, value] = [MAP_COST, start, start]
    for (const entry of expr.entries) {
      cost = add(cost, add(this.cost(entry.key), this.cost(entry.value)))
      key = union(key, this.#sizeOf(entry.key) ?? UNKNOWN)
      value = union(value, this.#sizeOf(entry.value) ?? UNKNOWN)
    }
    this.#setEntries(expr, { container: "map", key, value })
    return cost
  }

  #comprehension(expr: ComprehensionExpr): Range {
    let cost = add(this.cost(expr.iterRange), this.cost(expr.accuInit))
    const accumulator: Local = {
      path: this.#pathOf(expr.accuInit),
      size: this.#sizeOf(expr.accuInit),
      entries: this.#entriesOf(expr.accuInit),
    }
    this.#push(expr.accuVar, accumulator)
    if (isBinding(expr)) {
      cost = add(cost, this.cost(expr.result))
      this.#pop(expr.accuVar)
      this.#copySizes(expr, expr.result)
      return cost
    }
    this.#pushLoopVars(expr)
    const turn = add(this.cost(expr.condition), this.cost(expr.step))
    this.#pop(expr.iterVar)
    if (expr.iterVar2 !== undefined) this.#pop(expr.iterVar2)
    cost = add(cost, this.cost(expr.result))
    this.#pop(expr.accuVar)
    const count = this.#sizeOf(expr.iterRange) ?? UNKNOWN
    if (expr.accuInit.kind === "literal") {
      const size = this.#sizeOf(expr.accuInit)
      if (size !== undefined) this.#sizes.set(expr, size)
    } else if (expr.accuInit.kind === "list" || expr.accuInit.kind === "map") {
      this.#sizes.set(expr, count)
      this.#setEntries(expr, this.#entriesOf(expr.step))
    }
    return add(cost, multiply(count, turn))
  }

  #pushLoopVars(expr: ComprehensionExpr): void {
    const entries = this.#entriesOf(expr.iterRange)
    const kind: Kind = entries?.container ?? this.#typeOf(expr.iterRange).kind
    const path = this.#pathOf(expr.iterRange)
    const push = (name: string, step: string, size: Range | undefined) =>
      this.#push(name, { path: [...path, step], size, entries: undefined })
    if (expr.iterVar2 !== undefined) {
      push(expr.iterVar, kind === "list" ? "@indices" : "@keys", entries?.key)
      push(expr.iterVar2, kind === "list" ? "@items" : "@values", entries?.value)
    } else if (kind === "list") push(expr.iterVar, "@items", entries?.value)
    else push(expr.iterVar, "@keys", entries?.key)
  }

  #nameOf(expr: Expr): string | undefined {
    return this.#checked.names.get(expr)?.name ?? (expr.kind === "ident" ? expr.name : undefined)
  }

  #pathOf(expr: Expr): readonly string[] {
    const name = this.#nameOf(expr)
    return (name === undefined ? undefined : this.#local(name)?.path) ?? this.#paths.get(expr) ?? []
  }

  #node(expr: Expr): Node {
    const path = this.#pathOf(expr)
    const hidden = path[0] === "@result" || path[0] === "__result__"
    return { path: hidden ? [] : path, type: this.#typeOf(expr), expr, size: this.#sizeOf(expr) }
  }

  #copySizes(to: Expr, from: Expr): void {
    const size = this.#sizeOf(from)
    if (size !== undefined) this.#sizes.set(to, size)
    this.#setEntries(to, this.#entriesOf(from))
  }

  #sizeOf(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr) ?? literalSize(expr)
    if (known !== undefined) return known
    const path = this.#pathOf(expr)
    const declared = path.length === 0 ? undefined : this.#sizeOfPath(path)
    if (declared !== undefined) {
      this.#sizes.set(expr, declared)
      return declared
    }
    if (isScalar(this.#typeOf(expr))) return ONE
    const name = this.#nameOf(expr)
    return name === undefined ? undefined : this.#local(name)?.size
  }

  #setEntries(expr: Expr, entries: Entries | undefined): void {
    if (entries !== undefined) this.#entries.set(expr, entries)
  }

  #entriesOf(expr: Expr): Entries | undefined {
    const name = this.#nameOf(expr)
    return this.#entries.get(expr) ?? (name === undefined ? undefined : this.#local(name)?.entries)
  }
}

function unionEntries(a: Entries | undefined, b: Entries | undefined): Entries | undefined {
  if (a === undefined || b === undefined) return undefined
  return { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) }
}

/** Whether a loop over nothing only names a value. */
function isBinding({ iterRange, condition, iterVar }: ComprehensionExpr): boolean {
  const isEmpty = iterRange.kind === "list" && iterRange.elements.length === 0
  return isEmpty && condition.kind === "literal" && condition.value === false && iterVar === UNUSED
}

function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === "list") return exactly(expr.elements.length)
  if (expr.kind === "map") return exactly(expr.entries.length)
  if (expr.kind !== "literal") return undefined
  if (typeof expr.value === "string") return exactly(codePoints(expr.value))
  return exactly(expr.value instanceof Uint8Array ? expr.value.length : 1)
}

function isScalar(type: Type): boolean {
  if (["bool", "double", "duration", "int", "timestamp", "uint"].includes(type.kind)) return true
  const inner = optionalValueType(type)
  return inner !== undefined && isScalar(inner)
}
