import { readFileSync } from "node:fs"
import { join } from "node:path"

export type ColumnHead = { name: string; type: string; format?: string; description?: string; priority?: number }

const DEFINITIONS = /^\t(\w+) :?= (?:append\(\w+, )?\[\]metav1\.TableColumnDefinition\{$/
const HANDLER = /^\t_ = h\.TableHandler\((\w+), print(\w+)\)$/
const ROW = /^\t\t\{Name: "([^"]+)", Type: "(\w+)"(.*)\},$/
const LITERAL = /Description: ("(?:[^"\\]|\\.)*")/
const DOCUMENTED = /Description: (\w+)\.(\w+)\{\}(?:\.(\w+))?\.SwaggerDoc\(\)\["(\w+)"\]/
const IMPORT = /^\t(?:(\w+) )?"(k8s\.io\/[\w./-]+)"/

/** Go embeds this field's type; the source names the field only. */
const TYPE_OF_FIELD: { readonly [field: string]: string } = { InvolvedObject: "ObjectReference" }

/**
 * The heads of the columns that the server prints for each kind, read from the Go source of its printers. What stands in
 * the cells is code and is written anew in src/apiserver/builtin/columns.
 */
export function readColumns(kubernetes: string, moduleOf: (path: string) => string): { [kind: string]: ColumnHead[] } {
  const source = readFileSync(join(kubernetes, "pkg/printers/internalversion/printers.go"), "utf8")
  const imports = new Map<string, string>()
  const definitions = new Map<string, ColumnHead[]>()
  const columns: { [kind: string]: ColumnHead[] } = {}
  let current: ColumnHead[] = []
  for (const line of source.split("\n")) {
    const imported = IMPORT.exec(line)
    if (imported !== null)
      imports.set(imported[1] ?? imported[2]!.slice(imported[2]!.lastIndexOf("/") + 1), imported[2]!)
    const name = DEFINITIONS.exec(line)?.[1]
    if (name !== undefined) {
      // An `append` goes on with the list that it is assigned to.
      current = line.includes("append(") ? (definitions.get(name) ?? []) : []
      definitions.set(name, current)
      continue
    }
    const row = ROW.exec(line)
    if (row !== null) {
      current.push(readRow(row, (alias) => moduleOf(imports.get(alias)!)))
      continue
    }
    const handler = HANDLER.exec(line)
    if (handler !== null) columns[handler[2]!] ??= definitions.get(handler[1]!)!
  }
  return columns
}

function readRow(row: RegExpExecArray, directoryOf: (alias: string) => string): ColumnHead {
  const [, name, type, rest] = row
  const format = /Format: "(\w+)"/.exec(rest!)?.[1]
  const priority = /Priority: (\d+)/.exec(rest!)?.[1]
  const description = readDescription(rest!, directoryOf)
  return {
    name: name!,
    type: type!,
    ...(format === undefined ? {} : { format }),
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
  }
}

function readDescription(rest: string, directoryOf: (alias: string) => string): string | undefined {
  const literal = LITERAL.exec(rest)?.[1]
  if (literal !== undefined) return JSON.parse(literal) as string
  const documented = DOCUMENTED.exec(rest)
  if (documented === null) return undefined
  const [, alias, type, field, key] = documented
  const docs = swaggerDocs(join(directoryOf(alias!), "types_swagger_doc_generated.go"))
  return docs.get(`${field === undefined ? type : (TYPE_OF_FIELD[field] ?? field)}.${key}`)
}

const cache = new Map<string, Map<string, string>>()

function swaggerDocs(file: string): Map<string, string> {
  const known = cache.get(file)
  if (known !== undefined) return known
  const docs = new Map<string, string>()
  let type = ""
  for (const line of readFileSync(file, "utf8").split("\n")) {
    type = /^var map_(\w+) = /.exec(line)?.[1] ?? type
    const entry = /^\t"(\w+)": +("(?:[^"\\]|\\.)*"),$/.exec(line)
    if (entry !== null) docs.set(`${type}.${entry[1]}`, JSON.parse(entry[2]!) as string)
  }
  cache.set(file, docs)
  return docs
}
