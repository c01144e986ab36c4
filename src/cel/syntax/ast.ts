import type { Value } from "#cel/values/value.ts"

/** Where an expression is in its text, in code points. What a macro makes is where the macro is. */
type Placed = { readonly offset: number }

/**
 * An expression after its macros were expanded. Each node is one object and is part of one expression only, so that what
 * the checker finds out may be kept in maps by node.
 */
export type Expr = LiteralExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | ComprehensionExpr

export type LiteralExpr = Placed & { readonly kind: "literal"; readonly value: Value }
/** A name, with a leading dot when it is to be looked up at the root only. */
export type IdentExpr = Placed & { readonly kind: "ident"; readonly name: string }
/** `operand.field`, or `has(operand.field)` when it only tests for presence. */
export type SelectExpr = Placed & {
  readonly kind: "select"
  readonly operand: Expr
  readonly field: string
  readonly testOnly: boolean
}
/** `function(args)`, `target.function(args)`, and all operators under names such as `_+_`. */
export type CallExpr = Placed & {
  readonly kind: "call"
  readonly function: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}
export type ListExpr = Placed & {
  readonly kind: "list"
  readonly elements: readonly Expr[]
  /** Indices of the elements that are left out when they have no value: `[?x]`. */
  readonly optional: ReadonlySet<number>
}
export type MapEntry = Placed & { readonly key: Expr; readonly value: Expr; readonly optional: boolean }
export type MapExpr = Placed & { readonly kind: "map"; readonly entries: readonly MapEntry[] }
export type StructField = Placed & { readonly name: string; readonly value: Expr; readonly optional: boolean }
export type StructExpr = Placed & {
  readonly kind: "struct"
  readonly typeName: string
  readonly fields: readonly StructField[]
}
/**
 * A loop. The accumulator starts as `accuInit`; for each element of `iterRange` while `condition` holds it becomes `step`;
 * the loop's value is `result`. With a second variable, the first is the index or key and the second the value.
 */
export type ComprehensionExpr = Placed & {
  readonly kind: "comprehension"
  readonly iterRange: Expr
  readonly iterVar: string
  readonly iterVar2: string | undefined
  readonly accuVar: string
  readonly accuInit: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

/** Names of operators as functions. Source: cel-go common/operators. */
export const OPERATORS = {
  conditional: "_?_:_",
  and: "_&&_",
  or: "_||_",
  not: "!_",
  equals: "_==_",
  notEquals: "_!=_",
  less: "_<_",
  lessEquals: "_<=_",
  greater: "_>_",
  greaterEquals: "_>=_",
  add: "_+_",
  subtract: "_-_",
  multiply: "_*_",
  divide: "_/_",
  modulo: "_%_",
  negate: "-_",
  index: "_[_]",
  optIndex: "_[?_]",
  optSelect: "_?._",
  in: "@in",
  notStrictlyFalse: "@not_strictly_false",
} as const

/** The accumulator's name in what macros make: nobody can write it. */
export const ACCUMULATOR = "@result"

/** The loop variable of what is no loop: `cel.bind`. */
export const UNUSED = "#unused"

/** The parts of an expression, in the order in which they are written or evaluated. */
export function childrenOf(expr: Expr): Expr[] {
  switch (expr.kind) {
    case "literal":
    case "ident":
      return []
    case "select":
      return [expr.operand]
    case "call":
      return expr.target === undefined ? [...expr.args] : [expr.target, ...expr.args]
    case "list":
      return [...expr.elements]
    case "map":
      return expr.entries.flatMap((entry) => [entry.key, entry.value])
    case "struct":
      return expr.fields.map((field) => field.value)
    case "comprehension":
      return [expr.iterRange, expr.accuInit, expr.condition, expr.step, expr.result]
  }
}
