import type { Clock } from "#lib/clock.ts"
import { sleep } from "#lib/clock.ts"
import type { BodyStream, HttpResponse, Transport } from "#lib/http.ts"
import { ConnectionError, isStream, readBody } from "#lib/http.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { apiVersionOf, pathOf } from "#apimachinery/gvk.ts"
import type { KubeList, KubeObject } from "#apimachinery/meta.ts"
import type { CallOptions, DeleteOptions, KubeClient, Patch } from "./client.ts"
import { newDeadline, type Deadline } from "./request-deadline.ts"
import { retryAfterMs, statusErrorOf } from "./response-status.ts"
import { listQuery, watchQuery, writeQuery } from "./rest-query.ts"
import { openWatch } from "./rest-watch.ts"

export type KubeClientOptions = {
  readonly transport: Transport
  /** `hawser-agent/0.1.0`: what the server's audit log and managedFields show. */
  readonly userAgent: string
  /** Sent with every request: impersonation, for one. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly clock: Clock
  /** For a whole call, tries after 429 and 503 included; for a watch until its head. Default 60 s. */
  readonly requestTimeoutMs?: number
}

const REQUEST_TIMEOUT_MS_DEFAULT = 60_000

/** How often a request is sent again after 429 or 503 with Retry-After. client-go sends ten times. */
const RETRIES_MAX = 10

/** A server that asks for more than this is as good as gone: its caller should know. */
const RETRY_AFTER_MS_MAX = 30_000

/** The body of a list or an object. A list of 10,000 large objects without a limit is 100 MB. */
const BODY_LENGTH_MAX = 512 * 1024 * 1024

const JSON_TYPE = "application/json"
const PARTIAL = ";g=meta.k8s.io;v=v1"
const ACCEPT_PARTIAL_LIST = `application/json;as=PartialObjectMetadataList${PARTIAL},${JSON_TYPE}`
const ACCEPT_PARTIAL = `application/json;as=PartialObjectMetadata${PARTIAL},${JSON_TYPE}`

type Call = {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
  readonly streams?: true
}

/**
 * A client of one API server over any transport.
 *
 * Every method throws StatusError for a refusal, ConnectionError when no answer came (in time), and the signal's
 * reason when the caller aborts. 429 and 503 with Retry-After are waited out within the request's timeout.
 */
export function newKubeClient(options: KubeClientOptions): KubeClient {
  const { transport, clock } = options
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS_DEFAULT
  const headersOf = (accept = JSON_TYPE) => ({ ...options.headers, "user-agent": options.userAgent, accept })

  const send = async (call: Call, signal: AbortSignal): Promise<HttpResponse> => {
    const body = bytesOf(call.body)
    const headers: Record<string, string> = headersOf(call.accept)
    if (body !== undefined) headers["content-type"] = call.contentType ?? JSON_TYPE
    const request = { method: call.method, path: call.path, headers, ...(body === undefined ? {} : { body }), signal }
    for (let retry = 0; ; retry++) {
      const response = await transport(request)
      const waitMs = response.status === 429 || response.status === 503 ? retryAfterMs(response) : 0
      if (waitMs === 0 || waitMs > RETRY_AFTER_MS_MAX || retry === RETRIES_MAX) return response
      await readBody(response.body)
      await sleep(clock, waitMs, signal)
    }
  }

  /** Runs `work` within the deadline and gives its failures the one form that callers know. */
  const within = async <T>(call: Call, work: (deadline: Deadline) => Promise<T>): Promise<T> => {
    call.signal?.throwIfAborted()
    const deadline = newDeadline(clock, timeoutMs, call.signal)
    // The race is for answers that stall half-way: not every body of a broken network says that it ended.
    const cut = Promise.withResolvers<never>()
    const onAbort = () => cut.reject(deadline.signal.reason)
    deadline.signal.addEventListener("abort", onAbort, { once: true })
    let goesOn = false
    try {
      const done = await Promise.race([work(deadline), cut.promise])
      goesOn = call.streams === true
      return done
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason
      if (deadline.expired) {
        throw new ConnectionError(`Cannot ${call.method} ${call.path}: no answer within ${timeoutMs} ms`)
      }
      throw error
    } finally {
      deadline.signal.removeEventListener("abort", onAbort)
      // An answer that still streams (raw) goes on listening to its caller's signal, until it ends.
      if (goesOn) deadline.lift()
      else deadline.settle()
    }
  }

  const call = <T>(request: Call): Promise<T> =>
    within(request, async ({ signal }) => {
      const response = await send(request, signal)
      const body = await readResponse(request, response)
      if (response.status >= 400) throw statusErrorOf(request.method, response, body)
      return parseJson<T>(request, body)
    })

  return {
    get: (type, key, o) => call({ method: "GET", path: pathOf(type, key), ...signalOf(o) }),

    async list(type, o = {}) {
      const path = pathOf(type, { namespace: o.namespace }) + listQuery(o)
      const accept = o.metadataOnly ? { accept: ACCEPT_PARTIAL_LIST } : {}
      const list = await call<KubeList<never>>({ method: "GET", path, ...accept, ...signalOf(o) })
      return { ...list, items: (list.items ?? []).map((item) => completed(type, item, o.metadataOnly)) }
    },

    watch: (type, o, handler) =>
      openWatch({
        transport,
        clock,
        path: pathOf(type, { namespace: o.namespace }) + watchQuery(o),
        headers: headersOf(o.metadataOnly ? ACCEPT_PARTIAL : JSON_TYPE),
        headTimeoutMs: timeoutMs,
        signal: o.signal,
        handler,
        complete: (object) => completed(type, object, o.metadataOnly),
      }),

    create: (type, object, o = {}) =>
      call({
        method: "POST",
        path:
          pathOf(type, {
            namespace: object.metadata.namespace,
            // A subresource is created under its object (`pods/NAME/binding`), an object in its collection.
            ...(o.subresource === undefined ? {} : { name: object.metadata.name, subresource: o.subresource }),
          }) + writeQuery(o),
        body: object,
        ...signalOf(o),
      }),

    update: (type, object, o = {}) =>
      call({
        method: "PUT",
        path: pathOf(type, { ...keyIn(object), subresource: o.subresource }) + writeQuery(o),
        body: object,
        ...signalOf(o),
      }),

    patch: (type, key, patch, o = {}) =>
      call({
        method: "PATCH",
        path: pathOf(type, { ...key, subresource: o.subresource }) + writeQuery(o),
        ...patchBody(patch),
        ...signalOf(o),
      }),

    apply: (type, object, o) =>
      call({
        method: "PATCH",
        path:
          pathOf(type, { ...keyIn(object), subresource: o.subresource }) +
          writeQuery(o, o.force === undefined ? {} : { force: String(o.force) }),
        body: object,
        // JSON is YAML; the server knows apply by this type only.
        contentType: "application/apply-patch+yaml",
        ...signalOf(o),
      }),

    delete: (type, key, o = {}) =>
      call({ method: "DELETE", path: pathOf(type, key), ...deleteBody(o), ...signalOf(o) }),

    createSubresource: (type, key, subresource, body, o) =>
      call({
        method: "POST",
        path: pathOf(type, {
          namespace: key.namespace,
          name: key.name === "" ? undefined : key.name,
          subresource: subresource === "" ? undefined : subresource,
        }),
        body,
        ...signalOf(o),
      }),

    raw(method, path, o = {}) {
      const request = { method, path, streams: true as const, ...signalOf(o) }
      return within(request, async ({ signal, settle }) => {
        const body = bytesOf(o.body)
        const content = body === undefined ? {} : { "content-type": JSON_TYPE }
        const headers = { ...headersOf(), ...content, ...o.headers }
        const answer = await transport({ method, path, headers, ...(body === undefined ? {} : { body }), signal })
        if (isStream(answer.body)) return { ...answer, body: whenOver(answer.body, settle) }
        settle()
        return answer
      })
    },
  }
}

/** The same stream; `over` is called once nothing more comes of it. */
const whenOver = (body: BodyStream, over: () => void): BodyStream => ({
  start(sink) {
    const stop = body.start({
      write: (chunk) => sink.write(chunk),
      end(error) {
        over()
        sink.end(error)
      },
    })
    return () => {
      over()
      stop()
    }
  },
})

const signalOf = (o: CallOptions | undefined) => (o?.signal === undefined ? {} : { signal: o.signal })
const keyIn = (object: KubeObject) => ({ namespace: object.metadata.namespace, name: object.metadata.name ?? "" })

async function readResponse(request: Call, response: HttpResponse): Promise<Uint8Array> {
  try {
    return await readBody(response.body, BODY_LENGTH_MAX)
  } catch (cause) {
    throw new ConnectionError(`Cannot ${request.method} ${request.path}: the answer broke`, { cause })
  }
}

function parseJson<T>(request: Call, body: Uint8Array): T {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")) as T
  } catch (cause) {
    throw new ConnectionError(`Cannot ${request.method} ${request.path}: the answer is no JSON`, { cause })
  }
}

/** A body as it goes out: bytes and text as they are, all else as JSON. */
function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
}

function patchBody(patch: Patch): { body: unknown; contentType: string } {
  if ("merge" in patch) return { body: patch.merge, contentType: "application/merge-patch+json" }
  if ("json" in patch) return { body: patch.json, contentType: "application/json-patch+json" }
  return { body: patch.strategic, contentType: "application/strategic-merge-patch+json" }
}

function deleteBody(o: DeleteOptions): { body?: unknown } {
  const preconditions = { uid: o.uid, resourceVersion: o.resourceVersion }
  const asked = o.uid !== undefined || o.resourceVersion !== undefined
  if (!asked && o.propagationPolicy === undefined && o.gracePeriodSeconds === undefined) return {}
  return {
    body: {
      kind: "DeleteOptions",
      apiVersion: "v1",
      gracePeriodSeconds: o.gracePeriodSeconds,
      preconditions: asked ? preconditions : undefined,
      propagationPolicy: o.propagationPolicy,
    },
  }
}

/**
 * Items of a list of built-in kinds leave out apiVersion and kind, and metadata-only objects carry those of
 * PartialObjectMetadata; everything behind the client sees the kind that was asked for.
 */
function completed<T extends KubeObject>(type: ResourceType<T>, object: T, metadataOnly: boolean | undefined): T {
  if (!metadataOnly && object.kind !== undefined) return object
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind }
}
