import { OPERATORS, type Expr } from "./ast.ts"

/** Binary operators by how they are written, from those that bind least on. */
export const RELATIONS = new Map<string, string>([
  ["<", OPERATORS.less],
  ["<=", OPERATORS.lessEquals],
  [">", OPERATORS.greater],
  [">=", OPERATORS.greaterEquals],
  ["==", OPERATORS.equals],
  ["!=", OPERATORS.notEquals],
  ["in", OPERATORS.in],
])
export const SUMS = new Map<string, string>([
  ["+", OPERATORS.add],
  ["-", OPERATORS.subtract],
])
export const PRODUCTS = new Map<string, string>([
  ["*", OPERATORS.multiply],
  ["/", OPERATORS.divide],
  ["%", OPERATORS.modulo],
])

/**
 * A chain of `&&` or `||` as a tree of as little depth as possible.
 *
 * @param offsets  of the operators between the terms
 */
export function balance(name: string, terms: readonly Expr[], offsets: readonly number[]): Expr {
  if (terms.length === 1) return terms[0]!
  const build = (low: number, high: number): Expr => {
    const middle = Math.trunc((low + high + 1) / 2)
    const left = middle === low ? terms[middle]! : build(low, middle - 1)
    const right = middle === high ? terms[middle + 1]! : build(middle + 1, high)
    return { kind: "call", offset: offsets[middle]!, function: name, target: undefined, args: [left, right] }
  }
  return build(0, offsets.length - 1)
}
