// Answers without what no two servers give alike: uids and times, revisions but for their order, made-up names.
import { parseYamlDocuments } from "#lib/yaml.ts"
import type { RawAnswer } from "./send.ts"
import type { Step } from "./script.ts"
import { valueAt } from "./value-at.ts"

export type Answer = {
  readonly request: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, unknown>>
  readonly form?: "indented" | "yaml"
  readonly body?: unknown
}

/** Headers that clients act on. */
const HEADERS = ["allow", "cache-control", "content-type", "location", "retry-after", "warning", "www-authenticate"]
/** Headers of which only the presence counts. */
const PRESENT = ["audit-id", "etag"]

type Raw = { readonly step: Step; readonly answer: RawAnswer }
type Object = { [field: string]: unknown }

export function normalAnswers(
  raw: readonly Raw[],
  context: { readonly server: string; readonly captured: ReadonlyMap<string, string> },
): Answer[] {
  const parsed = raw.map(({ step, answer }) => ({ step, answer, body: picked(step, bodyOf(step, answer)) }))
  const revisions = new Set<number>()
  const names = new Map<string, string>()
  for (const { body } of parsed) walk(body, (object) => collect(object, revisions, names))
  const ranks = new Map([...revisions].toSorted((a, b) => a - b).map((revision, i) => [revision, `rv${i + 1}`]))
  const normal = newNormaliser({ ...context, ranks, names })
  return parsed.map(({ step, answer, body }) => {
    const request = `${step.method} ${step.path}`
    if (step.events !== undefined) return { request, body: normal(body) }
    return {
      request,
      status: answer.status,
      headers: normal(headersOf(answer)) as Object,
      ...formOf(answer),
      ...(body === undefined ? {} : { body: normal(body) }),
    }
  })
}

const picked = ({ pick }: Step, body: unknown) =>
  pick === undefined ? body : Object.fromEntries(pick.map((path) => [path, valueAt(body, path)]))

function headersOf({ headers }: RawAnswer): Object {
  const kept: Object = {}
  for (const name of HEADERS) if (headers[name] !== undefined) kept[name] = headers[name]
  // Upstream walks through maps in no order.
  if (Array.isArray(kept["warning"])) kept["warning"] = kept["warning"].toSorted()
  for (const name of PRESENT) if (headers[name] !== undefined) kept[name] = "present"
  return kept
}

const isYaml = ({ headers }: RawAnswer) => String(headers["content-type"] ?? "").startsWith("application/yaml")

function formOf(answer: RawAnswer): Pick<Answer, "form"> {
  if (isYaml(answer)) return { form: "yaml" }
  return answer.text.startsWith("{\n") ? { form: "indented" } : {}
}

function bodyOf(step: Step, answer: RawAnswer): unknown {
  const { text } = answer
  if (step.events !== undefined) return text === "" ? [] : text.split("\n").map(jsonOr)
  if (text === "") return undefined
  return isYaml(answer) ? parseYamlDocuments(text)[0] : jsonOr(text)
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function walk(value: unknown, visit: (object: Object) => void): void {
  if (typeof value !== "object" || value === null) return
  if (!Array.isArray(value)) visit(value as Object)
  for (const inner of Object.values(value)) walk(inner, visit)
}

/** An object's own revision has a uid beside it; a list's, a table's or a bookmark's has not. */
function collect(metadata: Object, revisions: Set<number>, names: Map<string, string>): void {
  const { resourceVersion, generateName, name, uid } = metadata
  if (typeof uid !== "string") return
  if (typeof resourceVersion === "string") revisions.add(Number(resourceVersion))
  if (typeof generateName === "string" && typeof name === "string" && name.startsWith(generateName)) {
    names.set(name, `${generateName}NAME${names.size + 1}`)
  }
}

const UID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
/** What a script writes itself has a year long ago, and stays. */
const NOW = /20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/20[2-9]\d-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000 UTC(?: m=\S+)?/g, "TIME"],
  [/(too old resource version: )\d+ \(\d+\)/g, "$1RV (RV)"],
  [/(Too large resource version: )(\d+), current: \d+/g, "$1$2, current: RV"],
  [/(the ResourceVersion in record \()\d+/g, "$1RV"],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "JWT"],
  [/X509SHA256=[0-9a-f]{64}/g, "X509SHA256=HASH"],
  [/\b10\.(?:9[6-9]|1[01]\d)\.\d+\.\d+\b/g, "CLUSTER-IP"],
  [/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g, "CERTIFICATE"],
  [/Bad_[a-z0-9]{5}/g, "Bad_NAME"],
  [/(\\?"resourceVersion\\?":\\?")\d+/g, "$1RV"],
  [/hawser-controlplane|kube-controller-manager/g, "CONTROLLERS"],
  [/kube-api-access-\w{5}/g, "kube-api-access-NAME"],
  [/hash=[0-9A-F]{40,}/g, "hash=HASH"],
  [/\+hawser/g, ""],
  [/selfType\d+/g, "selfType"],
]

function newNormaliser(context: {
  readonly server: string
  readonly captured: ReadonlyMap<string, string>
  readonly ranks: ReadonlyMap<number, string>
  readonly names: ReadonlyMap<string, string>
}): (value: unknown) => unknown {
  const uids = new Map<string, string>()
  const captures = new Map([...context.captured].map(([name, value]) => [value, `{{${name}}}`]))

  const text = (value: string): string => {
    let out = value.replaceAll(context.server, "SERVER").replaceAll(context.server.replace("https://", ""), "SERVER")
    for (const [name, by] of context.names) out = out.replaceAll(name, by)
    out = out.replaceAll(UID, (uid) => {
      if (!uids.has(uid)) uids.set(uid, `uid${uids.size + 1}`)
      return uids.get(uid)!
    })
    out = out.replaceAll(NOW, (_, fraction: string | undefined) => (fraction === undefined ? "TIME" : "MICROTIME"))
    for (const [pattern, by] of PATTERNS) out = out.replaceAll(pattern, by)
    return out
  }

  const revision = (value: unknown, owner: Object): unknown => {
    if (typeof value !== "string" || !/^\d+$/.test(value)) return value
    if (typeof owner["uid"] === "string") return context.ranks.get(Number(value)) ?? value
    return captures.get(value) ?? "RV"
  }

  const field = (name: string, value: unknown, owner: Object): unknown => {
    if (name === "resourceVersion") return revision(value, owner)
    if (/(^|\.)continue$/.test(name) && typeof value === "string" && value !== "") return normalToken(value)
    if (name === "nodePort" || name === "healthCheckNodePort")
      return typeof value === "number" && value > 0 ? "PORT" : value
    if (name === "cells" && Array.isArray(value)) return value.map((cell) => normalCell(inner(cell)))
    if (name === "certificate" && typeof value === "string" && value.length > 100) return "CERTIFICATE"
    if (name === "managedFields" && Array.isArray(value)) return inOneOrder(inner(value) as Object[])
    return inner(value)
  }

  const inner = (value: unknown): unknown => {
    if (typeof value === "string") return text(value)
    if (typeof value !== "object" || value === null) return value
    if (Array.isArray(value)) return value.map(inner)
    const out: Object = {}
    // In one order, so that uids are numbered alike.
    for (const name of Object.keys(value).toSorted()) {
      out[text(name)] = field(name, (value as Object)[name], value as Object)
    }
    return out
  }
  return inner
}

/** Upstream sorts them by time, and whether two fall into one second is chance. */
function inOneOrder(entries: Object[]): Object[] {
  const keyOf = (entry: Object) =>
    JSON.stringify([entry["operation"], entry["manager"], entry["apiVersion"], entry["subresource"]])
  return entries.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** An age, as tables print it. */
const normalCell = (cell: unknown) =>
  typeof cell === "string" ? cell.replace(/^(?:\d+(?:ms|[smhd])){1,2}$/, "AGE") : cell

function normalToken(token: string): unknown {
  const value = jsonOr(Buffer.from(token, "base64url").toString())
  if (typeof value !== "object" || value === null) return "unreadable token"
  // Opaque to clients: whether the key in it begins with a slash is the server's own affair.
  const start = "start" in value ? { start: String(value.start).replace(/^\//, "") } : {}
  return { ...value, ...start, ...("rv" in value ? { rv: Number(value.rv) > 0 ? "RV" : value.rv } : {}) }
}
