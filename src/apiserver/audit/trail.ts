import { formatMicroTime } from "#lib/clock.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { RequestInfo } from "#apiserver/request.ts"
import type { AuditConfig } from "./level.plan.ts"
import type { Stage } from "./policy.ts"

/** Where records go. Never waits: what is too much is dropped and counted there. */
export interface AuditSink {
  /** @param line  one JSON object and a newline */
  write(line: string): void
}

/** What is known of a request when its first record is written. */
export type Received = {
  readonly auditId: string
  readonly requestUri: string
  readonly info: RequestInfo
  readonly user?: UserInfo
  readonly sourceIps: readonly string[]
  readonly userAgent: string
  readonly receivedMs: number
}

/** Gathers what is recorded of one request, and writes a line for each stage that it reaches. */
export class AuditTrail {
  readonly config: AuditConfig
  readonly #received: Received
  readonly #sink: AuditSink
  #impersonated: UserInfo | undefined
  #reference: JsonObject | undefined
  #request: unknown
  #annotations: Record<string, string> | undefined

  constructor(config: AuditConfig, received: Received, sink: AuditSink) {
    this.config = config
    this.#received = received
    this.#sink = sink
    this.#reference = referenceOf(received.info)
  }

  impersonates(user: UserInfo): void {
    this.#impersonated = user
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    this.#annotations = { ...this.#annotations, ...annotations }
  }

  /** What the request carries, before anything of it is changed. It is copied where it is recorded. */
  requestObject(object: unknown): void {
    if (!isJsonObject(object)) return
    const { metadata } = object
    if (isJsonObject(metadata) && this.#reference !== undefined) {
      for (const field of ["namespace", "name", "uid", "resourceVersion"]) {
        const value = metadata[field]
        if (typeof value === "string" && value !== "") this.#reference[field] ??= value
      }
    }
    const { level, omitManagedFields } = this.config
    if (level === "Metadata" || level === "None") return
    this.#request = structuredClone(object)
    if (omitManagedFields) dropManagedFields(this.#request)
  }

  /** A patch as it came: JSON, or YAML of server-side apply. What is neither is left out. */
  requestPatch(bytes: Uint8Array): void {
    const { level, omitManagedFields } = this.config
    if (level === "Metadata" || level === "None") return
    try {
      this.#request = parseYamlDocuments(Buffer.from(bytes).toString())[0]
    } catch {
      return
    }
    if (omitManagedFields) dropManagedFields(this.#request)
  }

  /** @param answer  absent before there is one */
  record(stage: Stage, nowMs: number, answer?: { readonly status: object; readonly object?: unknown }): void {
    const { level, omitStages, omitManagedFields } = this.config
    if (level === "None" || omitStages.has(stage)) return
    const { auditId, requestUri, info, user, sourceIps, userAgent, receivedMs } = this.#received
    if (omitManagedFields) dropManagedFields(answer?.object)
    const event = {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level,
      auditID: auditId,
      stage,
      requestURI: requestUri,
      verb: info.verb,
      user: userOf(user),
      impersonatedUser: this.#impersonated && userOf(this.#impersonated),
      sourceIPs: sourceIps,
      userAgent: userAgent === "" ? undefined : userAgent,
      objectRef: this.#reference && orderedReference(this.#reference),
      responseStatus: answer?.status,
      requestObject: this.#request,
      responseObject: answer?.object,
      requestReceivedTimestamp: formatMicroTime(receivedMs),
      stageTimestamp: formatMicroTime(nowMs),
      annotations: this.#annotations,
    }
    this.#sink.write(JSON.stringify(event).replaceAll(/[<>&\u2028\u2029]/g, escapeCharacter) + "\n")
  }
}

/** As Go's encoder writes what HTML would read. */
const escapeCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

function userOf(user: UserInfo | undefined): object {
  if (user === undefined) return {}
  const { name, uid, groups, extra } = user
  return { username: name, uid, groups: groups.length === 0 ? undefined : groups, extra }
}

function referenceOf(info: RequestInfo): JsonObject | undefined {
  if (!info.isResource) return undefined
  const { resource, namespace, name, group, version, subresource } = info
  const reference = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource }
  return Object.fromEntries(Object.entries(reference).filter(([, value]) => value !== ""))
}

/** The order of audit.k8s.io/v1 ObjectReference. */
const REFERENCE = ["resource", "namespace", "name", "uid", "apiGroup", "apiVersion", "resourceVersion", "subresource"]

const orderedReference = (reference: JsonObject) =>
  Object.fromEntries(REFERENCE.filter((field) => field in reference).map((field) => [field, reference[field]]))

function dropManagedFields(object: unknown): void {
  if (!isJsonObject(object)) return
  if (isJsonObject(object["metadata"])) delete object["metadata"]["managedFields"]
  if (Array.isArray(object["items"])) for (const item of object["items"]) dropManagedFields(item)
}
