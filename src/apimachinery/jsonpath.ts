/**
 * The JSONPath of kubectl, printer columns and status feedback: paths only, no `{range}` templates.
 * Source: k8s.io/client-go/util/jsonpath, with AllowMissingKeys.
 */
export type JsonPath = readonly Step[]

type Step =
  | { readonly step: "field"; readonly names: readonly string[] }
  | { readonly step: "wildcard" }
  | { readonly step: "recursive" }
  | { readonly step: "slice"; readonly from?: number; readonly to?: number; readonly by?: number }
  | { readonly step: "indexes"; readonly indexes: readonly number[] }
  | { readonly step: "filter"; readonly left: Operand; readonly operator: Operator; readonly right: Operand }

type Operator = "exists" | "==" | "!=" | "<" | "<=" | ">" | ">="
type Operand = { readonly path: JsonPath } | { readonly value: string | number | boolean }

/** A path that cannot be read; `message` names the place. */
export class JsonPathError extends Error {
  override readonly name = "JsonPathError"
}

/**
 * @param text  `.status.phase`, `{.status.phase}`, `.spec.containers[?(@.name=="a")].image`, `.metadata.labels.a\.b/c`
 * @throws JsonPathError
 */
export function parseJsonPath(text: string): JsonPath {
  const inner = text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text
  const parser = new Parser(inner)
  const path = parser.path("$")
  if (!parser.done) throw parser.error("unexpected character")
  return path
}

/** @returns everything that the path names, in order; nothing where keys are missing */
export function findJsonPath(path: JsonPath, root: unknown): unknown[] {
  let values: unknown[] = [root]
  for (const step of path) {
    const next: unknown[] = []
    for (const value of values) walk(step, value, next)
    values = next
  }
  return values
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  error(what: string): JsonPathError {
    return new JsonPathError(`Cannot parse path "${this.#text}": ${what} at ${this.#at}`)
  }

  path(root: "$" | "@"): JsonPath {
    const steps: Step[] = []
    if (this.#peek() === root) this.#at++
    else if (root === "@" || (this.#peek() !== "." && this.#peek() !== "[" && !this.done)) {
      throw this.error(`unrecognized identifier`)
    }
    for (;;) {
      if (this.#take("..")) {
        steps.push({ step: "recursive" })
        if (this.#peek() !== "[") steps.push(this.#field())
      } else if (this.#take(".")) {
        if (this.#peek() !== "[" && !this.done) steps.push(this.#field())
      } else if (this.#take("[")) steps.push(this.#bracket())
      else return steps
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? ""
  }

  #take(what: string): boolean {
    if (!this.#text.startsWith(what, this.#at)) return false
    this.#at += what.length
    return true
  }

  #spaces(): void {
    while (this.#peek() === " ") this.#at++
  }

  #field(): Step {
    let name = ""
    while (!this.done && !/[\s.[\]()=!<>,|{}"'@$]/.test(this.#peek())) {
      if (this.#peek() === "\\") this.#at++
      name += this.#peek()
      this.#at++
    }
    if (name === "") throw this.error("want a field name")
    return name === "*" ? { step: "wildcard" } : { step: "field", names: [name] }
  }

  #bracket(): Step {
    this.#spaces()
    if (this.#take("?(")) return this.#filter()
    if (this.#take("*")) return this.#closed({ step: "wildcard" })
    if (this.#peek() === "'" || this.#peek() === '"') {
      const names = [this.#quoted()]
      while (this.#take(",")) {
        this.#spaces()
        names.push(this.#quoted())
      }
      return this.#closed({ step: "field", names })
    }
    const match = /^[-\d:,\s]*/.exec(this.#text.slice(this.#at))![0]
    this.#at += match.length
    if (match.includes(":")) {
      const [from, to, by] = match.split(":").map((part) => (part.trim() === "" ? undefined : this.#integer(part)))
      if (by !== undefined && by <= 0) throw this.error("want a step above 0")
      return this.#closed({
        step: "slice",
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(by === undefined ? {} : { by }),
      })
    }
    return this.#closed({ step: "indexes", indexes: match.split(",").map((part) => this.#integer(part)) })
  }

  #integer(text: string): number {
    const value = Number(text.trim())
    if (text.trim() === "" || !Number.isInteger(value)) throw this.error("want an array index")
    return value
  }

  #closed(step: Step): Step {
    this.#spaces()
    if (!this.#take("]")) throw this.error('want "]"')
    return step
  }

  #quoted(): string {
    const quote = this.#peek()
    if (quote !== "'" && quote !== '"') throw this.error("want a quoted name")
    this.#at++
    let value = ""
    while (!this.done && this.#peek() !== quote) {
      if (this.#peek() === "\\") this.#at++
      value += this.#peek()
      this.#at++
    }
    if (!this.#take(quote)) throw this.error("unterminated quoted string")
    return value
  }

  #filter(): Step {
    this.#spaces()
    const left = this.#operand()
    this.#spaces()
    const operator = (["==", "!=", "<=", ">=", "<", ">"] as const).find((o) => this.#take(o)) ?? "exists"
    this.#spaces()
    const right = operator === "exists" ? left : this.#operand()
    this.#spaces()
    if (!this.#take(")")) throw this.error('want ")"')
    return this.#closed({ step: "filter", left, operator, right })
  }

  #operand(): Operand {
    if (this.#peek() === "@") return { path: this.path("@") }
    if (this.#peek() === "'" || this.#peek() === '"') return { value: this.#quoted() }
    const word = /^[^\s()=!<>\]]+/.exec(this.#text.slice(this.#at))?.[0] ?? ""
    this.#at += word.length
    if (word === "true" || word === "false") return { value: word === "true" }
    if (word === "" || Number.isNaN(Number(word))) throw this.error("want a value")
    return { value: Number(word) }
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

function walk(step: Step, value: unknown, into: unknown[]): void {
  switch (step.step) {
    case "field":
      if (!isMap(value)) return
      for (const name of step.names) if (Object.hasOwn(value, name)) into.push(value[name])
      return
    case "wildcard":
      if (Array.isArray(value)) into.push(...value)
      else if (isMap(value)) into.push(...Object.values(value))
      return
    case "recursive":
      into.push(value)
      for (const child of Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []) {
        if (typeof child === "object" && child !== null) walk(step, child, into)
      }
      return
    case "indexes":
      if (!Array.isArray(value)) return
      for (const index of step.indexes) {
        const at = index < 0 ? index + value.length : index
        if (at >= 0 && at < value.length) into.push(value[at])
      }
      return
    case "slice": {
      if (!Array.isArray(value)) return
      const part = value.slice(step.from ?? 0, step.to ?? value.length)
      for (let i = 0; i < part.length; i += step.by ?? 1) into.push(part[i])
      return
    }
    case "filter":
      for (const item of Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []) {
        if (passes(step, item)) into.push(item)
      }
  }
}

function passes(filter: Extract<Step, { step: "filter" }>, item: unknown): boolean {
  const lefts = valuesOf(filter.left, item)
  if (filter.operator === "exists") return lefts.length > 0
  const left = lefts[0]
  const right = valuesOf(filter.right, item)[0]
  if (left === undefined || right === undefined) return false
  if (filter.operator === "==") return left === right
  if (filter.operator === "!=") return left !== right
  if (typeof left !== typeof right || (typeof left !== "number" && typeof left !== "string")) return false
  const order = left < (right as typeof left) ? -1 : left > (right as typeof left) ? 1 : 0
  return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[filter.operator]
}

function valuesOf(operand: Operand, item: unknown): unknown[] {
  return "path" in operand ? findJsonPath(operand.path, item) : [operand.value]
}
