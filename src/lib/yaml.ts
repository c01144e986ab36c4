import { dump, loadAll, YAMLException } from "js-yaml"

/** A text without aliases has at least one character for each value; so much more may come of aliases. */
const VALUES_PER_CHARACTER_MAX = 10
/** Short texts may have more. */
const VALUES_MIN = 10_000

/**
 * Every document of a YAML (or JSON) text, empty ones left out. What aliases name is copied: no part is there twice.
 *
 * @throws Error naming the line for text that is no YAML; for aliases that make much of little, or lead back to themselves
 */
export function parseYamlDocuments(text: string): unknown[] {
  return unsharedIn(
    text,
    load(text).filter((document) => document !== null && document !== undefined),
  )
}

function unsharedIn(text: string, documents: unknown[]): unknown[] {
  if (!text.includes("*")) return documents
  const budget = { values: Math.max(text.length * VALUES_PER_CHARACTER_MAX, VALUES_MIN) }
  return documents.map((document) => unshared(document, budget))
}

function load(text: string): unknown[] {
  try {
    return loadAll(text)
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const line = error.mark === undefined ? "" : ` in line ${error.mark.line + 1}`
    throw new Error(`Cannot read YAML${line}: ${error.reason}`, { cause: error })
  }
}

/**
 * The first document of a YAML (or JSON) text in which a later key takes the place of an equal earlier one.
 *
 * @throws Error naming the line for text that is no YAML
 */
export function parseLenientYaml(text: string): { readonly value: unknown; readonly duplicate?: DuplicateKey } {
  try {
    return { value: parseYamlDocuments(text)[0] }
  } catch (error) {
    const { cause } = error as Error
    const { mark } = cause as YAMLException
    if (!(cause instanceof YAMLException) || cause.reason !== "duplicated mapping key" || mark === undefined)
      throw error
    const [, key = ""] = /^["']?([^"':\n]+)/.exec(mark.buffer.slice(mark.position)) ?? []
    const duplicate = { key: key.trim(), line: mark.line + 1 }
    return { value: unsharedIn(text, loadAll(text, { json: true }))[0], duplicate }
  }
}

export type DuplicateKey = { readonly key: string; readonly line: number }

/** Levels of a value that its aliases made; the parser bounds what is written out. */
const DEPTH_MAX = 500

function unshared(value: unknown, budget: { values: number }, depth = 0): unknown {
  if (--budget.values < 0 || depth > DEPTH_MAX)
    throw new Error("Cannot read YAML: document contains excessive aliasing")
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((item) => unshared(item, budget, depth + 1))
  const copy = {}
  for (const [name, member] of Object.entries(value)) {
    const own = unshared(member, budget, depth + 1)
    Object.defineProperty(copy, name, { value: own, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

/** YAML without references, long lines unbroken, in the order of the object's keys. */
export function formatYaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 })
}
