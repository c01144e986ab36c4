import { compareText } from "./json.ts"
import { scanLabelSelector, type Token } from "./label-selector-lexer.ts"
import { isLabelValue, isQualifiedName } from "./names.ts"
import { badRequest } from "./status-error.ts"

export { exactFieldValue, parseFieldSelector, type FieldRequirement, type FieldSelector } from "./field-selectors.ts"

export type Labels = { readonly [key: string]: string }

export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt"

/** One condition on one label. */
export type LabelRequirement = {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, without repetitions. One for `=`, `==`, `!=`, `gt`, `lt`; none for `exists` and `!`. */
  readonly values: readonly string[]
}

/** A parsed selector: all requirements must hold. */
export type LabelSelector = {
  /** Sorted by key. */
  readonly requirements: readonly LabelRequirement[]
  /** Whether it selects everything. */
  readonly empty: boolean
  matches(labels: Labels | undefined): boolean
  /** Text that {@link parseLabelSelector} reads back to an equal selector. */
  toString(): string
}

/** metav1.LabelSelector, the form that selectors have inside objects. */
export type LabelSelectorObject = {
  matchLabels?: { readonly [key: string]: string }
  matchExpressions?: readonly LabelSelectorExpression[]
}

export type LabelSelectorExpression = {
  key: string
  operator: string
  values?: readonly string[]
}

/** Selects everything. */
export const EVERYTHING: LabelSelector = newLabelSelector([])

/** Selects nothing: what an absent metav1.LabelSelector means. */
export const NOTHING: LabelSelector = {
  requirements: [],
  empty: false,
  matches: () => false,
  toString: () => "",
}

/** A selector of requirements that are known to be valid. */
export function newLabelSelector(requirements: readonly LabelRequirement[]): LabelSelector {
  const sorted = requirements.toSorted((a, b) => compareText(a.key, b.key))
  return {
    requirements: sorted,
    empty: sorted.length === 0,
    matches: (labels) => sorted.every((requirement) => requirementMatches(requirement, labels)),
    toString: () => sorted.map(formatRequirement).join(","),
  }
}

/**
 * @param text  `app=web,tier in (a, b),!legacy`; empty selects everything
 * @throws StatusError BadRequest with the words of the API server
 */
export function parseLabelSelector(text: string): LabelSelector {
  return text === "" ? EVERYTHING : newLabelSelector(new LabelSelectorParser(scanLabelSelector(text)).parse())
}

/**
 * The selector that an object describes. An empty object selects everything; an absent one selects nothing.
 *
 * @throws StatusError BadRequest for unknown operators and invalid keys or values
 */
export function labelSelectorOf(selector: LabelSelectorObject | null | undefined): LabelSelector {
  if (selector === null || selector === undefined) return NOTHING
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(newRequirement(key, "=", [value]))
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = EXPRESSION_OPERATORS.get(operator)
    if (known === undefined) throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`)
    requirements.push(newRequirement(key, known, values ?? []))
  }
  return requirements.length === 0 ? EVERYTHING : newLabelSelector(requirements)
}

const EXPRESSION_OPERATORS: ReadonlyMap<string, LabelOperator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
])

/** A selector of exactly these labels. Nothing is checked. */
export function labelSelectorOfSet(labels: Labels): LabelSelector {
  return newLabelSelector(Object.entries(labels).map(([key, value]) => ({ key, operator: "=", values: [value] })))
}

/**
 * The one value that a selector demands of `key`, by which an index may be read instead of everything.
 */
export function exactLabelValue(selector: LabelSelector, key: string): string | undefined {
  const found = selector.requirements.find((requirement) => requirement.key === key)
  if (found === undefined || found.values.length !== 1) return undefined
  return found.operator === "=" || found.operator === "==" || found.operator === "in" ? found.values[0] : undefined
}

function requirementMatches({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value)
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value)
    case "exists":
      return value !== undefined
    case "!":
      return value === undefined
    case "gt":
    case "lt": {
      const have = value === undefined ? undefined : parseInt64(value)
      const want = parseInt64(values[0] ?? "")
      if (have === undefined || want === undefined) return false
      return operator === "gt" ? have > want : have < want
    }
  }
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "exists":
      return key
    case "!":
      return `!${key}`
    case "in":
    case "notin":
      return `${key} ${operator} (${values.toSorted(compareText).join(",")})`
    case "gt":
      return `${key}>${values[0]}`
    case "lt":
      return `${key}<${values[0]}`
    default:
      return `${key}${operator}${values[0]}`
  }
}

/** A signed integer of 64 bits as strconv.ParseInt reads it. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** @throws StatusError with every problem of the requirement */
function newRequirement(key: string, operator: LabelOperator, given: readonly string[]): LabelRequirement {
  const problems: string[] = []
  const quotedList = `[${given.map((value) => JSON.stringify(value)).join(",")}]`
  const invalid = (field: string, value: string, detail: string) => {
    problems.push(`${field}: Invalid value: ${value}: ${detail}`)
  }
  const keyProblems = isQualifiedName(key)
  if (keyProblems.length > 0) invalid("key", JSON.stringify(key), keyProblems.join("; "))
  if (operator === "in" || operator === "notin") {
    if (given.length === 0) invalid("values", "[]", "for 'in', 'notin' operators, values set can't be empty")
  } else if (operator === "exists" || operator === "!") {
    if (given.length > 0) invalid("values", quotedList, "values set must be empty for exists and does not exist")
  } else if (operator === "gt" || operator === "lt") {
    if (given.length !== 1) invalid("values", quotedList, "for 'Gt', 'Lt' operators, exactly one value is required")
    given.forEach((value, i) => {
      if (parseInt64(value) !== undefined) return
      invalid(`values[${i}]`, JSON.stringify(value), "for 'Gt', 'Lt' operators, the value must be an integer")
    })
  } else if (given.length !== 1) {
    invalid("values", quotedList, "exact-match compatibility requires one single value")
  }
  given.forEach((value, i) => {
    const valueProblems = isLabelValue(value)
    if (valueProblems.length > 0) invalid(`values[${i}][${key}]`, JSON.stringify(value), valueProblems.join("; "))
  })
  const texts = [...new Set(problems)]
  if (texts.length > 0) throw badRequest(texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`)
  return { key, operator, values: [...new Set(given)] }
}

/**
 * Recursive descent over the words. `in` and `notin` are keywords only where an operator is expected, so that
 * `in in (in)` is a requirement on the label "in".
 */
class LabelSelectorParser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const token = this.#peek()
      if (token.kind === "end") return requirements
      if (token.kind !== "identifier" && token.kind !== "!") {
        throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`)
      }
      requirements.push(this.#requirement())
      const separator = this.#take()
      if (separator.kind === "end") return requirements
      if (separator.kind !== ",") {
        throw badRequest(`found '${separator.text}', expected: ',' or 'end of string'`)
      }
      const next = this.#peek()
      if (next.kind !== "identifier" && next.kind !== "!") {
        throw badRequest(`found '${next.text}', expected: identifier after ','`)
      }
    }
  }

  #peek(): Token {
    return asValue(this.#tokens[this.#at] ?? END)
  }

  #take(): Token {
    return asValue(this.#tokens[this.#at++] ?? END)
  }

  #requirement(): LabelRequirement {
    try {
      return this.#checkedRequirement()
    } catch (error) {
      throw badRequest(`unable to parse requirement: ${(error as Error).message}`)
    }
  }

  #checkedRequirement(): LabelRequirement {
    let token = this.#take()
    const negated = token.kind === "!"
    if (negated) token = this.#take()
    if (token.kind !== "identifier") throw new SyntaxError(`found '${token.text}', expected: identifier`)
    const key = token.text
    const problems = isQualifiedName(key)
    if (problems.length > 0) {
      throw new SyntaxError(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`)
    }
    const next = this.#peek()
    if (negated) return newRequirement(key, "!", [])
    if (next.kind === "end" || next.kind === ",") return newRequirement(key, "exists", [])
    const operator = this.#operator()
    const values = operator === "in" || operator === "notin" ? this.#valueSet() : [this.#exactValue()]
    return newRequirement(key, operator, [...new Set(values)].sort(compareText))
  }

  #operator(): LabelOperator {
    const token = this.#tokens[this.#at++] ?? END
    switch (token.kind) {
      case "in":
      case "notin":
      case "=":
      case "==":
      case "!=":
        return token.kind
      case ">":
        return "gt"
      case "<":
        return "lt"
      default:
        throw new SyntaxError(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  #exactValue(): string {
    const next = this.#peek()
    if (next.kind === "end" || next.kind === ",") return ""
    const token = this.#take()
    if (token.kind !== "identifier") throw new SyntaxError(`found '${token.text}', expected: identifier`)
    return token.text
  }

  #valueSet(): string[] {
    const open = this.#take()
    if (open.kind !== "(") throw new SyntaxError(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.kind === ")") {
      this.#at++
      return [""]
    }
    if (first.kind !== "identifier" && first.kind !== ",") {
      throw new SyntaxError(`found '${first.text}', expected: ',', ')' or identifier`)
    }
    const values = this.#values()
    const close = this.#take()
    if (close.kind !== ")") throw new SyntaxError(`found '${first.text}', expected: ')'`)
    return values
  }

  /** Values may be empty: `(,a)`, `(a,)` and `(a,,b)` all hold the empty string. */
  #values(): string[] {
    const values: string[] = []
    for (;;) {
      const token = this.#take()
      if (token.kind === "identifier") {
        values.push(token.text)
        const next = this.#peek()
        if (next.kind === ")") return values
        if (next.kind !== ",") throw new SyntaxError(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.kind === ",") {
        if (values.length === 0) values.push("")
        const next = this.#peek()
        if (next.kind === ")") return [...values, ""]
        if (next.kind === ",") values.push("")
      } else throw new SyntaxError(`found '${token.text}', expected: ',', or identifier`)
    }
  }
}

const END: Token = { kind: "end", text: "" }

function asValue(token: Token): Token {
  return token.kind === "in" || token.kind === "notin" ? { kind: "identifier", text: token.text } : token
}
