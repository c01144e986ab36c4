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

/** YAML without references, long lines unbroken, in the order of the object's keys. */
export function formatYaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 })
}
