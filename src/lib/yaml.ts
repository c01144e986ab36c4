import { dump, loadAll, YAMLException } from "js-yaml"

/**
 * Every document of a YAML (or JSON) text, empty ones left out.
 *
 * @throws Error naming the line for text that is no YAML
 */
export function parseYamlDocuments(text: string): unknown[] {
  try {
    return loadAll(text).filter((document) => document !== null && document !== undefined)
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
    return { value: loadAll(text, { json: true })[0], duplicate }
  }
}

export type DuplicateKey = { readonly key: string; readonly line: number }

/** YAML without references, long lines unbroken, in the order of the object's keys. */
export function formatYaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 })
}
