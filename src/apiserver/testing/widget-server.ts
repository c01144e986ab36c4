import { readBody } from "#lib/http.ts"
import type { Metrics } from "#lib/metrics.ts"
import { seededRandom } from "#lib/random.ts"
import { silentLog } from "#lib/log.ts"
import { newVirtualClock, type VirtualClock } from "#lib/virtual-clock.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { OBJECT_META_SCHEMA } from "#apimachinery/schema/object-meta.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import { newApiServer, type ApiServer } from "#apiserver/apiserver.ts"
import { LOOPBACK, type UserInfo } from "#apiserver/authentication/user.ts"
import type { AuditOptions } from "#apiserver/filters/audit.ts"
import { newStoredReader } from "#apiserver/registry/stored-reader.ts"
import type { Decision } from "#apiserver/request.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import type { StoreOptions } from "#apiserver/storage/storage.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"

/** For tests of the server's core: one with namespaces, configmaps (typed) and widgets (custom) and nothing else. */
export type WidgetServer = {
  readonly server: ApiServer
  readonly clock: VirtualClock
  /** Sends a request as the administrator; an object becomes a JSON body. */
  readonly send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  /** Opens a watch; the lines that came so far are parsed on each read. */
  readonly watch: (path: string, headers?: Record<string, string>) => Promise<OpenWatch>
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any
}

export type OpenWatch = {
  // oxlint-disable-next-line typescript/no-explicit-any
  events(): any[]
  /** `ADDED a 5`: type, name and resourceVersion. */
  brief(): string[]
  /** What a slow reader has not taken yet; set by the test. */
  queued: number
  readonly ended: boolean
  stop(): void
}

const WIDGET_SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object" },
    spec: {
      type: "object",
      properties: {
        size: { type: "integer", minimum: 0, maximum: 10 },
        color: { type: "string", default: "red" },
        replicas: { type: "integer" },
        parts: {
          type: "array",
          items: {
            type: "object",
            properties: { name: { type: "string" }, count: { type: "integer" } },
            required: ["name"],
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
      },
    },
    status: { type: "object", properties: { phase: { type: "string" }, replicas: { type: "integer" } } },
  },
}

const CONFIG_MAP_SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: OBJECT_META_SCHEMA,
    data: { type: "object", additionalProperties: { type: "string" } },
  },
}

const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

function newInfo(
  partial: Partial<ResourceInfo> & Pick<ResourceInfo, "group" | "resource" | "kind">,
  schema?: JsonSchema,
): ResourceInfo {
  const kindSchema = schema && {
    schema,
    resolve(ref: string): JsonSchema {
      throw new Error(`no ${ref}`)
    },
  }
  const version = partial.version ?? "v1"
  return {
    version,
    singular: partial.kind.toLowerCase(),
    listKind: `${partial.kind}List`,
    namespaced: true,
    verbs: ALL_VERBS,
    shortNames: [],
    categories: [],
    subresources: [],
    custom: false,
    storage: { group: partial.group, resource: partial.resource, version },
    schema: () => kindSchema,
    columns: [{ name: "Name", type: "string", format: "name", cell: (object) => object.metadata.name }],
    selectableFields: new Map(),
    strategy: {
      generation: "none",
      statusSubresource: false,
      allowCreateOnUpdate: false,
      allowUnconditionalUpdate: true,
      deleteReturnsObject: false,
    },
    ...partial,
  }
}

const NAMESPACES = newInfo({
  group: "",
  resource: "namespaces",
  kind: "Namespace",
  namespaced: false,
  subresources: [{ name: "finalize", kind: "Namespace", verbs: ["update"] }],
  strategy: {
    generation: "none",
    statusSubresource: false,
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: true,
    deleteReturnsObject: true,
    holdsDeletion: (object) => ((object["spec"] as { finalizers?: string[] } | undefined)?.finalizers?.length ?? 0) > 0,
    prepareForDelete(object) {
      object["status"] = { phase: "Terminating" }
    },
  },
})
const CONFIG_MAPS = newInfo({ group: "", resource: "configmaps", kind: "ConfigMap" }, CONFIG_MAP_SCHEMA)
const LEASES = newInfo({
  group: "",
  resource: "leases",
  kind: "Lease",
  strategy: {
    generation: "none",
    statusSubresource: false,
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    deleteReturnsObject: false,
    volatile: true,
  },
})
const widgetInfo = (version: string) =>
  newInfo(
    {
      group: "example.com",
      version,
      resource: "widgets",
      kind: "Widget",
      custom: true,
      subresources: [
        { name: "status", kind: "Widget", verbs: ["get", "update", "patch"] },
        { name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: ["get", "update", "patch"] },
      ],
      storage: { group: "example.com", resource: "widgets", version: "v1" },
      selectableFields: new Map([
        ["spec.color", (object) => (object["spec"] as { color?: string } | undefined)?.color ?? ""],
      ]),
      scale: { spec: ".spec.replicas", status: ".status.replicas" },
      strategy: {
        generation: "spec",
        statusSubresource: true,
        allowCreateOnUpdate: false,
        allowUnconditionalUpdate: false,
        deleteReturnsObject: false,
      },
    },
    WIDGET_SCHEMA,
  )

/** A table that never changes. */
export function fixedTable(infos: readonly ResourceInfo[]): ResourceTable {
  return {
    find: (group, version, resource) =>
      infos.find((i) => i.group === group && i.version === version && i.resource === resource),
    findKind: (group, version, kind) =>
      infos.find((i) => i.group === group && i.version === version && i.kind === kind),
    all: () => infos,
    generation: 1,
  }
}

export async function newWidgetServer(
  options: {
    readonly store?: StoreOptions
    readonly admission?: readonly AdmissionPlugin[]
    readonly virtual?: readonly VirtualResource[]
    readonly authorize?: (user: UserInfo) => Decision
    readonly audit?: AuditOptions
    readonly metrics?: Metrics
  } = {},
): Promise<WidgetServer> {
  const clock = newVirtualClock(Date.parse("2026-01-02T03:04:05Z"))
  const storage = memoryStorage(options.store)
  const resources = fixedTable([NAMESPACES, CONFIG_MAPS, LEASES, widgetInfo("v1"), widgetInfo("v2")])
  const reader = newStoredReader({ storage, resources })
  const server = newApiServer({
    clock,
    random: seededRandom(1),
    log: silentLog,
    storage,
    reader,
    resources,
    authenticator: { authenticate: () => undefined },
    authorizer: { authorize: (user) => options.authorize?.(user) ?? { allowed: true, reason: "" } },
    version: { gitVersion: "v1.35.4" },
    admission: options.admission ?? [],
    virtual: options.virtual ?? [],
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    ...(options.audit === undefined ? {} : { audit: options.audit }),
  })
  const namespace = (name: string): UnknownObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })
  await server.bootstrap([namespace("default"), namespace("other")])
  const request = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    server.handler({
      method,
      path,
      headers,
      peer: { address: "test", user: LOOPBACK },
      ...(body === undefined ? {} : { body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) }),
    })
  return {
    server,
    clock,
    async send(method, path, body, headers) {
      const response = await request(method, path, body, headers)
      const text = Buffer.from(await readBody(response.body)).toString()
      const isJson = response.headers["content-type"] === "application/json"
      return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
    },
    async watch(path, headers) {
      const response = await request("GET", path, undefined, headers)
      return openWatch(response)
    },
  }
}

function openWatch(response: Awaited<ReturnType<ApiServer["handler"]>>): OpenWatch {
  const { body } = response
  if (response.status !== 200 || body instanceof Uint8Array) {
    throw new Error(`watch answered ${response.status}: ${Buffer.from(body as Uint8Array).toString()}`)
  }
  let text = ""
  let ended = false
  const watch = {
    queued: 0,
    events: () =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
    brief: () =>
      watch
        .events()
        .map(
          (e) => `${e.type} ${e.object.metadata?.name ?? "-"} ${e.object.metadata?.resourceVersion ?? e.object.code}`,
        ),
    get ended() {
      return ended
    },
    stop: () => stop(),
  }
  const stop = body.start({
    write(chunk) {
      text += Buffer.from(chunk).toString()
      return watch.queued
    },
    end() {
      ended = true
    },
  })
  return watch
}
