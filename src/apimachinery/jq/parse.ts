/**
 * The part of jq that says where in an object something is: paths, `|`, `,`, `select`, comparisons and tests of values.
 * Nothing in it builds values or repeats, so that every expression ends.
 */
export type Jq =
  | { readonly is: "identity" }
  | { readonly is: "everything" }
  | { readonly is: "literal"; readonly value: string | number | boolean | null }
  /** `quiet`: what cannot be is left out, which a `?` behind it says. */
  | { readonly is: "field"; readonly of: Jq; readonly name: Jq; readonly quiet?: true }
  | { readonly is: "each"; readonly of: Jq; readonly quiet?: true }
  | { readonly is: "try"; readonly of: Jq }
  | { readonly is: "pipe" | "comma" | "and" | "or" | "otherwise"; readonly left: Jq; readonly right: Jq }
  | { readonly is: "compare"; readonly operator: Comparison; readonly left: Jq; readonly right: Jq }
  | { readonly is: "call"; readonly name: string; readonly args: readonly Jq[] }

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">="

/** An expression that cannot be read, or asks for what is not there. */
export class JqError extends Error {
  override readonly name = "JqError"
}

/** Functions by name, with how many arguments each takes. */
export const FUNCTIONS: Readonly<Record<string, readonly number[]>> = {
  select: [1],
  not: [0],
  empty: [0],
  type: [0],
  length: [0],
  has: [1],
  test: [1],
  startswith: [1],
  endswith: [1],
  contains: [1],
  any: [0, 1],
  all: [0, 1],
}

const TEXT_LENGTH_MAX = 4_096
const DEPTH_MAX = 64
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\.\.|==|!=|<=|>=|\/\/|[.[\]()|,?:;<>-]))/y

type Token = { readonly kind: "text" | "number" | "word" | "sign"; readonly value: string; readonly at: number }

/** @throws JqError that names the place */
export function parseJq(text: string): Jq {
  if (text.length > TEXT_LENGTH_MAX) throw new JqError(`${text.length} characters, want at most ${TEXT_LENGTH_MAX}`)
  const parser = new Parser(text)
  const parsed = parser.pipe()
  parser.end()
  return parsed
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #length: number
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
    this.#length = text.length
  }

  end(): void {
    if (this.#next < this.#tokens.length) throw this.#unexpected()
  }

  pipe(): Jq {
    if (++this.#depth > DEPTH_MAX) throw new JqError(`more than ${DEPTH_MAX} levels`)
    const left = this.#comma()
    const parsed: Jq = this.#take("|") ? { is: "pipe", left, right: this.pipe() } : left
    this.#depth--
    return parsed
  }

  #comma(): Jq {
    let left = this.#otherwise()
    while (this.#take(",")) left = { is: "comma", left, right: this.#otherwise() }
    return left
  }

  #otherwise(): Jq {
    const left = this.#or()
    return this.#take("//") ? { is: "otherwise", left, right: this.#otherwise() } : left
  }

  #or(): Jq {
    let left = this.#and()
    while (this.#takeWord("or")) left = { is: "or", left, right: this.#and() }
    return left
  }

  #and(): Jq {
    let left = this.#comparison()
    while (this.#takeWord("and")) left = { is: "and", left, right: this.#comparison() }
    return left
  }

  #comparison(): Jq {
    const left = this.#postfix()
    for (const operator of ["==", "!=", "<=", ">=", "<", ">"] as const) {
      if (this.#take(operator)) return { is: "compare", operator, left, right: this.#postfix() }
    }
    return left
  }

  #postfix(): Jq {
    let parsed = this.#term()
    for (;;) {
      if (this.#take("?")) {
        parsed = parsed.is === "field" || parsed.is === "each" ? { ...parsed, quiet: true } : { is: "try", of: parsed }
      } else if (this.#take("[")) parsed = this.#bracket(parsed)
      else if (this.#take(".")) parsed = this.#take("[") ? this.#bracket(parsed) : this.#named(parsed)
      else return parsed
    }
  }

  #term(): Jq {
    if (this.#take("..")) return { is: "everything" }
    if (this.#take(".")) {
      const token = this.#tokens[this.#next]
      const isNamed = token?.kind === "text" || (token?.kind === "word" && token.at === this.#endOfLast())
      return isNamed ? this.#named({ is: "identity" }) : { is: "identity" }
    }
    if (this.#take("(")) {
      const inner = this.pipe()
      this.#want(")")
      return inner
    }
    if (this.#take("-")) return { is: "literal", value: -Number(this.#want("number")) }
    const token = this.#tokens[this.#next++]
    if (token?.kind === "text") return { is: "literal", value: textOf(token) }
    if (token?.kind === "number") return { is: "literal", value: Number(token.value) }
    if (token?.kind === "word") return this.#word(token)
    this.#next--
    throw this.#unexpected()
  }

  #word({ value, at }: Token): Jq {
    if (value === "true" || value === "false") return { is: "literal", value: value === "true" }
    if (value === "null") return { is: "literal", value: null }
    const args: Jq[] = []
    if (this.#take("(")) {
      do args.push(this.pipe())
      while (this.#take(";"))
      this.#want(")")
    }
    if (value === "recurse" && args.length === 0) return { is: "everything" }
    if (!Object.hasOwn(FUNCTIONS, value) || !FUNCTIONS[value]!.includes(args.length)) {
      const known = Object.keys(FUNCTIONS).join(", ")
      throw new JqError(`function not known at ${at}: ${value}/${args.length}; those of paths are ${known}`)
    }
    return { is: "call", name: value, args }
  }

  #named(of: Jq): Jq {
    const token = this.#tokens[this.#next++]
    if (token?.kind === "word") return { is: "field", of, name: { is: "literal", value: token.value } }
    if (token?.kind === "text") return { is: "field", of, name: { is: "literal", value: textOf(token) } }
    this.#next--
    throw this.#unexpected()
  }

  #bracket(of: Jq): Jq {
    if (this.#take("]")) return { is: "each", of }
    const name = this.pipe()
    this.#want("]")
    return { is: "field", of, name }
  }

  #endOfLast(): number {
    const { at, value } = this.#tokens[this.#next - 1]!
    return at + value.length
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#next]
    if (token?.kind !== "sign" || token.value !== sign) return false
    this.#next++
    return true
  }

  #takeWord(word: string): boolean {
    const token = this.#tokens[this.#next]
    if (token?.kind !== "word" || token.value !== word) return false
    this.#next++
    return true
  }

  #want(what: string): string {
    const token = this.#tokens[this.#next]
    if (token === undefined || (token.kind !== what && token.value !== what)) throw this.#unexpected()
    this.#next++
    return token.value
  }

  #unexpected(): JqError {
    const token = this.#tokens[this.#next]
    return new JqError(token ? `unexpected ${token.value} at ${token.at}` : `unexpected end at ${this.#length}`)
  }
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new JqError(`unexpected ${JSON.stringify(text[from])} at ${from}`)
    const kind = match[1] ? "text" : match[2] ? "number" : match[3] ? "word" : "sign"
    const value = match[1] ?? match[2] ?? match[3] ?? match[4]!
    tokens.push({ kind, value, at: TOKEN.lastIndex - value.length })
  }
  return tokens
}

function textOf({ value, at }: Token): string {
  if (value.includes("\\(")) throw new JqError(`text with expressions in it is not known, at ${at}`)
  try {
    return JSON.parse(value) as string
  } catch {
    throw new JqError(`text that cannot be read at ${at}`)
  }
}
