import { OPERATORS, type Expr, type MapEntry, type StructField } from "./ast.ts"
import { tokenize, type Token } from "./lexer.ts"
import { LiteralError, readLiteral } from "./literals.ts"
import { balance, PRODUCTS, RELATIONS, SUMS } from "./logic.ts"
import { expandMacro, MacroError } from "./macros.ts"
import { Source, type Issue } from "./source.ts"

/** An expression of more characters is not read. */
const CODE_POINTS_MAX = 100_000

/** Expressions are nested, and chained by `.` and operators, this deep at most. Source: cel-go parser/options.go. */
const DEPTH_MAX = 250

/** Mistakes after which the rest is still read. */
const RECOVERIES_MAX = 30

const RESERVED = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
)
/** What an expression may start with, as cel-go lists it. */
const EXPECTED_START =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const EXPECTED_END =
  "{<EOF>, '==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', '.', '-', '?', '+', '*', '/', '%'}"

/** The tokens at which reading goes on after a mistake: those that may follow an expression. */
const FOLLOWS = new Set(["+", "-", "*", "/", "%", ...RELATIONS.keys(), "&&", "||", "?", ")", "]", "}", ",", ":"])

export type Parsed = { readonly source: Source; readonly expr: Expr | undefined; readonly issues: readonly Issue[] }

/**
 * Reads an expression and expands its macros. `expr` is undefined when there are issues.
 *
 * @param bindings  whether `cel.bind` is a macro
 */
export function parse(text: string, bindings = false): Parsed {
  const source = new Source(text)
  if (source.points.length > CODE_POINTS_MAX) {
    const message = `expression code point size exceeds limit: size: ${source.points.length}, limit ${CODE_POINTS_MAX}`
    return { source, expr: undefined, issues: [{ offset: -1, message }] }
  }
  const issues: Issue[] = []
  const tokens = tokenize(source, issues)
  const expr = new Parser(tokens, issues, bindings).parse()
  return { source, expr: issues.length > 0 ? undefined : expr, issues }
}

/** Thrown where nothing more can be read. */
class Abandon extends Error {}

const BROKEN: Expr = { kind: "literal", offset: 0, value: "<<error>>" }

class Parser {
  readonly #tokens: readonly Token[]
  readonly #issues: Issue[]
  readonly #bindings: boolean
  #at = 0
  #depth = 0
  #recoveries = 0

  constructor(tokens: readonly Token[], issues: Issue[], bindings: boolean) {
    this.#tokens = tokens
    this.#issues = issues
    this.#bindings = bindings
  }

  parse(): Expr | undefined {
    try {
      const expr = this.#expr()
      if (this.#token.kind !== "end") this.#syntax(this.#unexpected(EXPECTED_END))
      return expr
    } catch (error) {
      if (!(error instanceof Abandon)) throw error
      return undefined
    }
  }

  get #token(): Token {
    return this.#tokens[this.#at]!
  }

  #is(text: string): boolean {
    return this.#token.kind === "symbol" && this.#token.text === text
  }

  #take(): Token {
    const token = this.#token
    if (token.kind !== "end") this.#at++
    return token
  }

  #accept(text: string): Token | undefined {
    return this.#is(text) ? this.#take() : undefined
  }

  #report(offset: number, message: string): Expr {
    this.#issues.push({ offset, message })
    return BROKEN
  }

  #syntax(message: string): void {
    this.#report(this.#token.offset, `Syntax error: ${message}`)
  }

  #unexpected(expected: string): string {
    // One token too many before the end is what a reader would cross out.
    const extra = expected === EXPECTED_END && this.#tokens[this.#at + 1]?.kind === "end"
    return `${extra ? "extraneous" : "mismatched"} input '${this.#token.text}' expecting ${expected}`
  }

  #expect(text: string): Token {
    const token = this.#accept(text)
    if (token !== undefined) return token
    const missing = this.#token.kind === "end" ? "mismatched input '<EOF>'" : `mismatched input '${this.#token.text}'`
    this.#syntax(`${missing} expecting '${text}'`)
    throw new Abandon()
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX) {
      this.#report(-1, `expression recursion limit exceeded: ${DEPTH_MAX}`)
      throw new Abandon()
    }
    const result = read()
    this.#depth--
    return result
  }

  #expr(): Expr {
    return this.#deeper(() => {
      const condition = this.#logic("||", OPERATORS.or)
      const op = this.#accept("?")
      if (op === undefined) return condition
      const truthy = this.#logic("||", OPERATORS.or)
      this.#expect(":")
      return this.#call(op.offset, OPERATORS.conditional, [condition, truthy, this.#expr()])
    })
  }

  #logic(symbol: "||" | "&&", name: string): Expr {
    const next = () => (symbol === "||" ? this.#logic("&&", OPERATORS.and) : this.#binary(RELATIONS))
    const terms = [next()]
    const offsets: number[] = []
    for (let op = this.#accept(symbol); op !== undefined; op = this.#accept(symbol)) {
      offsets.push(op.offset)
      terms.push(next())
    }
    return balance(name, terms, offsets)
  }

  #binary(operators: ReadonlyMap<string, string>): Expr {
    const next = () =>
      operators === RELATIONS ? this.#binary(SUMS) : operators === SUMS ? this.#binary(PRODUCTS) : this.#unary()
    const depth = this.#depth
    let left = next()
    while (this.#token.kind === "symbol") {
      const name = operators.get(this.#token.text)
      if (name === undefined) break
      const op = this.#take()
      // Each operator of a chain is one level more of the tree.
      if (++this.#depth > DEPTH_MAX) this.#deeper(() => undefined)
      left = this.#call(op.offset, name, [left, next()])
    }
    this.#depth = depth
    return left
  }

  #unary(): Expr {
    const first = this.#token
    if (!this.#is("!") && (!this.#is("-") || this.#isNegativeNumber())) return this.#member()
    let count = 0
    while (this.#is(first.text) && !(first.text === "-" && this.#isNegativeNumber())) {
      this.#take()
      count++
    }
    const operand = this.#member()
    if (count % 2 === 0) return operand
    return this.#call(first.offset, first.text === "!" ? OPERATORS.not : OPERATORS.negate, [operand])
  }

  #isNegativeNumber(): boolean {
    const next = this.#tokens[this.#at + 1]
    return next?.kind === "int" || next?.kind === "float"
  }

  #member(): Expr {
    const depth = this.#depth
    let expr = this.#primary()
    for (;;) {
      if (!this.#is(".") && !this.#is("[")) break
      if (++this.#depth > DEPTH_MAX) this.#deeper(() => undefined)
      const op = this.#take()
      const optional = this.#accept("?") !== undefined
      if (op.text === "[") {
        const index = this.#expr()
        this.#expect("]")
        expr = this.#call(op.offset, optional ? OPERATORS.optIndex : OPERATORS.index, [expr, index])
      } else expr = this.#selection(expr, op, optional)
    }
    this.#depth = depth
    return expr
  }

  #selection(operand: Expr, op: Token, optional: boolean): Expr {
    const { kind, text, offset } = this.#token
    if (kind !== "ident" && kind !== "escapedIdent") {
      this.#syntax(this.#noField())
      throw new Abandon()
    }
    this.#take()
    if (kind === "ident" && !optional) {
      const open = this.#accept("(")
      if (open !== undefined) return this.#call(open.offset, text, this.#args(), operand)
    }
    if (kind === "escapedIdent") this.#report(offset, "unsupported syntax: '`'")
    if (!optional) return { kind: "select", offset: op.offset, operand, field: text, testOnly: false }
    const name: Expr = { kind: "literal", offset, value: text }
    return { kind: "call", offset: op.offset, function: OPERATORS.optSelect, target: undefined, args: [operand, name] }
  }

  #noField(): string {
    const { kind, text } = this.#token
    if (kind === "end") return `no viable alternative at input '.'`
    if (text === "true" || text === "false" || text === "null") return `mismatched input '${text}' expecting IDENTIFIER`
    return `no viable alternative at input '.${text}'`
  }

  #args(): Expr[] {
    const args: Expr[] = []
    if (this.#accept(")") !== undefined) return args
    do args.push(this.#expr())
    while (this.#accept(",") !== undefined)
    this.#expect(")")
    return args
  }

  #primary(): Expr {
    const token = this.#token
    const { offset } = token
    switch (token.kind) {
      case "ident":
        return this.#name(this.#take(), "")
      case "symbol":
        return this.#symbol(token)
      case "int":
      case "uint":
      case "float":
      case "string":
      case "bytes":
        return this.#literal(this.#take(), "", offset)
      default:
        return this.#recover()
    }
  }

  #symbol(token: Token): Expr {
    const { offset } = token
    switch (token.text) {
      case "(": {
        this.#take()
        const expr = this.#expr()
        this.#expect(")")
        return expr
      }
      case "[":
        return this.#list()
      case "{":
        return { kind: "map", offset, entries: this.#entries() }
      case ".":
        this.#take()
        if (this.#token.kind === "ident") return this.#name(this.#take(), ".")
        this.#syntax(`mismatched input '${this.#token.text}' expecting IDENTIFIER`)
        throw new Abandon()
      case "-":
        this.#take()
        return this.#literal(this.#take(), "-", offset)
      case "true":
      case "false":
        return { kind: "literal", offset, value: this.#take().text === "true" }
      case "null":
        this.#take()
        return { kind: "literal", offset, value: null }
      default:
        return this.#recover()
    }
  }

  /** Skips to where an expression may have ended, so that more than the first mistake is told. */
  #recover(): Expr {
    this.#syntax(this.#unexpected(EXPECTED_START))
    if (++this.#recoveries > RECOVERIES_MAX) throw new Abandon()
    while (this.#token.kind !== "end" && !(this.#token.kind === "symbol" && FOLLOWS.has(this.#token.text))) this.#take()
    return BROKEN
  }

  #name(token: Token, dot: string): Expr {
    const open = this.#accept("(")
    if (open === undefined) {
      const struct = this.#structAfter(token, dot)
      if (struct !== undefined) return struct
    }
    if (RESERVED.has(token.text)) {
      if (open !== undefined) this.#args()
      return this.#report(token.offset, `reserved identifier: ${token.text}`)
    }
    const name = dot + token.text
    if (open !== undefined) return this.#call(open.offset, name, this.#args())
    return { kind: "ident", offset: token.offset, name }
  }

  /** `a.b.Name{…}`: only the brace tells it from a selection. */
  #structAfter(first: Token, dot: string): Expr | undefined {
    let at = this.#at
    let typeName = dot + first.text
    const isSymbol = (i: number, text: string) => this.#tokens[i]?.kind === "symbol" && this.#tokens[i]!.text === text
    while (isSymbol(at, ".") && this.#tokens[at + 1]?.kind === "ident") {
      typeName += `.${this.#tokens[at + 1]!.text}`
      at += 2
    }
    if (!isSymbol(at, "{")) return undefined
    this.#at = at
    const { offset } = this.#take()
    const fields: StructField[] = []
    while (!this.#is("}")) {
      const optional = this.#accept("?") !== undefined
      const name = this.#take()
      const colon = this.#expect(":")
      fields.push({ offset: colon.offset, name: name.text, value: this.#expr(), optional })
      if (this.#accept(",") === undefined) break
    }
    this.#expect("}")
    return { kind: "struct", offset, typeName, fields }
  }

  #list(): Expr {
    const { offset } = this.#take()
    const elements: Expr[] = []
    const optional = new Set<number>()
    while (!this.#is("]")) {
      if (this.#is(",") && this.#tokens[this.#at + 1]?.text === "]") {
        this.#take()
        break
      }
      if (this.#accept("?") !== undefined) optional.add(elements.length)
      elements.push(this.#expr())
      if (this.#accept(",") === undefined) break
    }
    this.#expect("]")
    return { kind: "list", offset, elements, optional }
  }

  #entries(): MapEntry[] {
    this.#take()
    const entries: MapEntry[] = []
    while (!this.#is("}")) {
      if (this.#is(",") && this.#tokens[this.#at + 1]?.text === "}") {
        this.#take()
        break
      }
      const optional = this.#accept("?") !== undefined
      const key = this.#expr()
      const colon = this.#expect(":")
      entries.push({ offset: colon.offset, key, value: this.#expr(), optional })
      if (this.#accept(",") === undefined) break
    }
    this.#expect("}")
    return entries
  }

  #literal(token: Token, sign: "" | "-", offset: number): Expr {
    const value = readLiteral(token, sign)
    return value instanceof LiteralError ? this.#report(offset, value.message) : { kind: "literal", offset, value }
  }

  #call(offset: number, name: string, args: readonly Expr[], target?: Expr): Expr {
    try {
      const expanded = expandMacro({ offset, function: name, target, args }, this.#bindings)
      if (expanded !== undefined) return expanded
    } catch (error) {
      if (!(error instanceof MacroError)) throw error
      return this.#report(error.offset, error.message)
    }
    return { kind: "call", offset, function: name, target, args }
  }
}
