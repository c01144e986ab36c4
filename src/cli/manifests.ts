import { join } from "node:path"
import { readdir, stat } from "node:fs/promises"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

/**
 * The objects of files, folders (their YAML and JSON files, sorted) and standard input (`-`); Lists are unfolded.
 *
 * @throws CommandError that names the file and the document
 */
export async function readManifests(terminal: Terminal, paths: readonly string[]): Promise<UnknownObject[]> {
  const objects: UnknownObject[] = []
  for (const path of paths) {
    for (const file of path === "-" ? ["-"] : await filesOf(path)) {
      const text = file === "-" ? await terminal.readStdin() : await terminal.readFile(file)
      objects.push(...parseManifests(file, text))
    }
  }
  if (objects.length === 0)
    throw new CommandError(`Cannot find an object in ${paths.join(", ")}`, { exitCode: EXIT.usage })
  return objects
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    return names
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .toSorted()
      .map((name) => join(path, name))
  } catch (error) {
    throw new CommandError(`Cannot read ${path}`, { exitCode: EXIT.usage, cause: error })
  }
}

/** @throws CommandError for text that is no YAML, and for a document that is no object of Kubernetes */
export function parseManifests(file: string, text: string): UnknownObject[] {
  let documents: unknown[]
  try {
    documents = parseYamlDocuments(text)
  } catch (error) {
    throw new CommandError(`Cannot read ${file}`, { exitCode: EXIT.usage, cause: error })
  }
  return documents.flatMap((document, index) => unfold(document, `${file}, document ${index + 1}`))
}

function unfold(document: unknown, where: string): UnknownObject[] {
  const object = document as Partial<UnknownObject> | null
  if (
    typeof object !== "object" ||
    object === null ||
    typeof object.apiVersion !== "string" ||
    typeof object.kind !== "string"
  ) {
    throw new CommandError(`Cannot use ${where}: it has no apiVersion and kind`, { exitCode: EXIT.usage })
  }
  if (object.kind.endsWith("List") && Array.isArray(object["items"])) {
    return object["items"].flatMap((item, index) => unfold(item, `${where}, item ${index + 1}`))
  }
  if (typeof object.metadata?.name !== "string") {
    throw new CommandError(`Cannot use ${where}: ${object.kind} has no metadata.name`, { exitCode: EXIT.usage })
  }
  return [object as UnknownObject]
}
