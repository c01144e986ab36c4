import { deepEqual, isJsonObject } from "#apimachinery/json.ts"
import { goRegExp } from "#apimachinery/schema/go-regexp.ts"
import { JqError, parseJq, type Comparison, type Jq } from "./parse.ts"

export type JqPath = readonly (string | number)[]

/** A value, and where it is; what is no part of the object is nowhere. */
type Found = { readonly value: unknown; readonly path: JqPath | undefined }

/** What one expression may look at: an object of the largest size that a work has, several times. */
const STEPS_MAX = 200_000

/**
 * The places of `root` that a jq path expression names; those that it names and that are not there too.
 * Source of what is right and wrong: jq 1.7's manual, as gojq has it.
 *
 * @throws JqError
 */
export function jqPaths(expression: string, root: unknown): readonly JqPath[] {
  const run = new Run()
  return [...run.find(parseJq(expression), { value: root, path: [] })].map(({ path }) => {
    if (path === undefined) throw new JqError("it makes values instead of naming places")
    return path
  })
}

class Run {
  #steps = 0

  #count(): void {
    if (++this.#steps > STEPS_MAX) throw new JqError(`more than ${STEPS_MAX} steps`)
  }

  *find(jq: Jq, input: Found): Generator<Found> {
    this.#count()
    switch (jq.is) {
      case "identity":
        return yield input
      case "everything":
        return yield* this.#everything(input)
      case "literal":
        return yield made(jq.value)
      case "field":
        for (const of of this.find(jq.of, input)) {
          for (const { value: name } of this.find(jq.name, input)) yield* unless(jq.quiet, () => [inside(of, name)])
        }
        return
      case "each":
        for (const of of this.find(jq.of, input)) yield* unless(jq.quiet, () => each(of))
        return
      case "try":
        return yield* this.#attempt(jq.of, input)
      case "pipe":
        for (const left of this.find(jq.left, input)) yield* this.find(jq.right, left)
        return
      case "comma":
        yield* this.find(jq.left, input)
        return yield* this.find(jq.right, input)
      case "otherwise": {
        const left = [...this.#attempt(jq.left, input)].filter(({ value }) => isTruth(value))
        return left.length > 0 ? yield* left : yield* this.find(jq.right, input)
      }
      case "compare":
        for (const { value: right } of this.find(jq.right, input)) {
          for (const { value: left } of this.find(jq.left, input)) yield made(compare(jq.operator, left, right))
        }
        return
      case "and":
      case "or":
        for (const { value: left } of this.find(jq.left, input)) {
          if (isTruth(left) === (jq.is === "or")) yield made(jq.is === "or")
          else for (const { value: right } of this.find(jq.right, input)) yield made(isTruth(right))
        }
        return
      case "call":
        return yield* this.#call(jq.name, jq.args, input)
    }
  }

  *#attempt(jq: Jq, input: Found): Generator<Found> {
    try {
      yield* this.find(jq, input)
    } catch (error) {
      if (!(error instanceof JqError) || this.#steps > STEPS_MAX) throw error
    }
  }

  *#everything(input: Found): Generator<Found> {
    this.#count()
    yield input
    if (typeof input.value === "object" && input.value !== null) {
      for (const inner of each(input)) yield* this.#everything(inner)
    }
  }

  *#call(name: string, args: readonly Jq[], input: Found): Generator<Found> {
    const { value } = input
    switch (name) {
      case "empty":
        return
      case "select":
        for (const { value: condition } of this.find(args[0]!, input)) if (isTruth(condition)) yield input
        return
      case "not":
        return yield made(!isTruth(value))
      case "type":
        return yield made(typeOf(value))
      case "length":
        return yield made(lengthOf(value))
      case "any":
      case "all": {
        const seen = [...each(input)].flatMap((item) => (args[0] ? [...this.find(args[0], item)] : [item]))
        return yield made(seen[name === "any" ? "some" : "every"](({ value: one }) => isTruth(one)))
      }
      default:
        for (const { value: argument } of this.find(args[0]!, input)) yield made(ask(name, value, argument))
    }
  }
}

const made = (value: unknown): Found => ({ value, path: undefined })

/** @returns nothing instead of what cannot be, where that is asked for */
function unless(isQuiet: true | undefined, find: () => Iterable<Found>): Iterable<Found> {
  try {
    return [...find()]
  } catch (error) {
    if (isQuiet && error instanceof JqError) return []
    throw error
  }
}

const isTruth = (value: unknown) => value !== null && value !== undefined && value !== false

function inside({ value, path }: Found, name: unknown): Found {
  const wrong = () =>
    new JqError(`expected ${typeof name === "string" ? "an object" : "an array"} but got: ${typeOf(value)}`)
  const at = (step: string | number) => path && [...path, step]
  if (typeof name === "string") {
    if (value !== null && value !== undefined && !isJsonObject(value)) throw wrong()
    return { value: isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : null, path: at(name) }
  }
  if (!Number.isInteger(name)) throw new JqError(`no index: ${JSON.stringify(name)}`)
  if (value !== null && value !== undefined && !Array.isArray(value)) throw wrong()
  const list: readonly unknown[] = value ?? []
  const index = (name as number) < 0 ? (name as number) + list.length : (name as number)
  return { value: list[index] ?? null, path: at(index) }
}

function* each({ value, path }: Found): Generator<Found> {
  if (typeof value !== "object" || value === null) throw new JqError(`cannot iterate over: ${typeOf(value)}`)
  const entries: Iterable<[string | number, unknown]> = Array.isArray(value) ? value.entries() : Object.entries(value)
  for (const [step, item] of entries) yield { value: item, path: path && [...path, step] }
}

/** In the order in which jq has types. */
const TYPES = ["null", "false", "true", "number", "string", "array", "object"]

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null"
  return Array.isArray(value) ? "array" : typeof value
}

function compare(operator: Comparison, left: unknown, right: unknown): boolean {
  if (operator === "==") return deepEqual(left ?? null, right ?? null)
  if (operator === "!=") return !deepEqual(left ?? null, right ?? null)
  const rank = (value: unknown) => TYPES.indexOf(typeof value === "boolean" ? String(value) : typeOf(value))
  const isSame = rank(left) === rank(right)
  if (isSame && rank(left) > TYPES.indexOf("string")) throw new JqError(`cannot put in order: ${typeOf(left)}`)
  const [a, b] = isSame ? [left as string, right as string] : [rank(left), rank(right)]
  return { "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b }[operator]
}

function lengthOf(value: unknown): number {
  if (value === null || value === undefined) return 0
  if (typeof value === "number") return Math.abs(value)
  if (typeof value === "string") return [...value].length
  if (typeof value === "object") return Object.keys(value).length
  throw new JqError(`${typeOf(value)} has no length`)
}

function ask(name: string, value: unknown, argument: unknown): boolean {
  const wrong = () => new JqError(`${name}(${JSON.stringify(argument)}) cannot be asked of: ${typeOf(value)}`)
  if (name === "has") {
    if (Array.isArray(value) && typeof argument === "number") return argument >= 0 && argument < value.length
    if (isJsonObject(value) && typeof argument === "string") return Object.hasOwn(value, argument)
    if (value === null) return false
    throw wrong()
  }
  if (typeof value !== "string" || typeof argument !== "string") throw wrong()
  if (name === "startswith") return value.startsWith(argument)
  if (name === "endswith") return value.endsWith(argument)
  if (name === "contains") return value.includes(argument)
  const pattern = goRegExp(argument)
  if (pattern instanceof Error) throw new JqError(`cannot read regular expression: ${pattern.message}`)
  return pattern.test(value)
}
