import type { Value } from "#cel/values/value.ts"
import { ACCUMULATOR, UNUSED, type ComprehensionExpr, type Expr } from "./ast.ts"

/** Makes the expressions that a macro stands for, all of them placed where the macro is. */
export class Builder {
  readonly #offset: number

  constructor(offset: number) {
    this.#offset = offset
  }

  literal(value: Value): Expr {
    return { kind: "literal", offset: this.#offset, value }
  }

  ident(name: string): Expr {
    return { kind: "ident", offset: this.#offset, name }
  }

  accumulator(): Expr {
    return this.ident(ACCUMULATOR)
  }

  call(name: string, ...args: Expr[]): Expr {
    return { kind: "call", offset: this.#offset, function: name, target: undefined, args }
  }

  memberCall(name: string, target: Expr, ...args: Expr[]): Expr {
    return { kind: "call", offset: this.#offset, function: name, target, args }
  }

  list(...elements: Expr[]): Expr {
    return { kind: "list", offset: this.#offset, elements, optional: new Set() }
  }

  map(): Expr {
    return { kind: "map", offset: this.#offset, entries: [] }
  }

  presence(operand: Expr, field: string): Expr {
    return { kind: "select", offset: this.#offset, operand, field, testOnly: true }
  }

  comprehension(parts: Omit<ComprehensionExpr, "kind" | "offset">): Expr {
    return { kind: "comprehension", offset: this.#offset, ...parts }
  }

  /** `result` with a variable that is computed when it is first used: a loop over nothing. */
  bind(name: string, value: Expr, result: Expr): Expr {
    return this.comprehension({
      iterRange: this.list(),
      iterVar: UNUSED,
      iterVar2: undefined,
      accuVar: name,
      accuInit: value,
      condition: this.literal(false),
      step: this.ident(name),
      result,
    })
  }
}

/** The same expression of new nodes. */
export function copy(expr: Expr): Expr {
  switch (expr.kind) {
    case "literal":
    case "ident":
      return { ...expr }
    case "select":
      return { ...expr, operand: copy(expr.operand) }
    case "call":
      return { ...expr, target: expr.target && copy(expr.target), args: expr.args.map(copy) }
    case "list":
      return { ...expr, elements: expr.elements.map(copy) }
    case "map":
      return { ...expr, entries: expr.entries.map((e) => ({ ...e, key: copy(e.key), value: copy(e.value) })) }
    case "struct":
      return { ...expr, fields: expr.fields.map((f) => ({ ...f, value: copy(f.value) })) }
    case "comprehension":
      return {
        ...expr,
        iterRange: copy(expr.iterRange),
        accuInit: copy(expr.accuInit),
        condition: copy(expr.condition),
        step: copy(expr.step),
        result: copy(expr.result),
      }
  }
}
