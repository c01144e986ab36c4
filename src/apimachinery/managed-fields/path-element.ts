import { goJson, goNumber, goQuote } from "#apimachinery/go-text.ts"
import { canonicalJson, compareText } from "#apimachinery/json.ts"

/**
 * One step of a field path as FieldsV1 writes it: `f:name` a member, `k:{"name":"c"}` an element of a list by its keys,
 * `v:"x"` an element of a set by its value, `i:0` one by its index. The text is canonical, so that equal elements are
 * equal strings.
 */
export type PathElement = string

export const memberElement = (name: string): PathElement => `f:${name}`

/** @param value  a scalar */
export const valueElement = (value: unknown): PathElement => `v:${goJson(value)}`

/** @param keys  the key members that the element has, at least one */
export const keyElement = (keys: { readonly [name: string]: unknown }): PathElement => `k:${goJson(keys)}`

const canonical = new Map<string, PathElement | undefined>()

/** As many spellings are remembered; most are keys like `k:{"type":"Ready"}` that come again and again. */
const CANONICAL_MAX = 10_000

/**
 * A path element as a client or a stored object spells it.
 *
 * @returns undefined for an unknown kind of element, which a later version may know
 * @throws Error for what cannot be read
 */
export function parsePathElement(text: string): PathElement | undefined {
  if (text.startsWith("f:")) return text
  if (canonical.has(text)) return canonical.get(text)
  const element = canonicalElement(text)
  if (canonical.size >= CANONICAL_MAX) canonical.clear()
  canonical.set(text, element)
  return element
}

function canonicalElement(text: string): PathElement | undefined {
  if (text[1] !== ":") throw new Error(`missing colon: ${text}`)
  switch (text[0]) {
    case "k":
    case "v":
      return `${text.slice(0, 2)}${goJson(JSON.parse(text.slice(2)))}`
    case "i":
      return `i:${Number.parseInt(text.slice(2), 10)}`
    default:
      return undefined
  }
}

/** The name of a member, or undefined for another element. */
export const memberNameOf = (element: PathElement): string | undefined =>
  element.startsWith("f:") ? element.slice(2) : undefined

/** The order in which managed fields are written: members, then keys, values, indexes. */
export function comparePathElements(a: PathElement, b: PathElement): number {
  const kind = KINDS.indexOf(a[0]!) - KINDS.indexOf(b[0]!)
  if (kind !== 0) return kind
  if (a.startsWith("f:")) return compareText(a, b)
  if (a.startsWith("k:")) return compareKeys(contentOf(a), contentOf(b))
  return compareScalars(contentOf(a), contentOf(b))
}

const KINDS = "fkvi"

const contentOf = (element: PathElement): unknown => JSON.parse(element.slice(2))

function compareKeys(a: unknown, b: unknown): number {
  const left = Object.entries(a as object)
  const right = Object.entries(b as object)
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftName, leftValue] = left[i] as [string, unknown]
    const [rightName, rightValue] = right[i] as [string, unknown]
    const order = compareText(leftName, rightName) || compareScalars(leftValue, rightValue)
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Numbers before text before booleans before the rest. */
function compareScalars(a: unknown, b: unknown): number {
  const rank = scalarRank(a) - scalarRank(b)
  if (rank !== 0) return rank
  if (typeof a === "string") return compareText(a, b as string)
  return typeof a === "number" || typeof a === "boolean" ? Number(a) - Number(b) : 0
}

function scalarRank(value: unknown): number {
  const rank = ["number", "string", "boolean"].indexOf(typeof value)
  return rank < 0 ? 3 : rank
}

/** A path as error messages write it: `.spec.containers[name="c"].image`. */
export function formatPath(path: readonly PathElement[]): string {
  return path.map(formatPathElement).join("")
}

export function formatPathElement(element: PathElement): string {
  if (element.startsWith("f:")) return `.${element.slice(2)}`
  if (element.startsWith("i:")) return `[${element.slice(2)}]`
  const content = contentOf(element)
  if (element.startsWith("v:")) return `[=${scalarText(content)}]`
  const keys = Object.entries(content as object).map(([name, value]) => `${name}=${scalarText(value)}`)
  return `[${keys.join(",")}]`
}

function scalarText(value: unknown): string {
  if (typeof value === "string") return goQuote(value)
  return typeof value === "number" ? goNumber(value) : canonicalJson(value)
}
