import type { HttpRequest, HttpResponse, Transport } from "#lib/http.ts"
import { ConnectionError } from "#lib/http.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { newStatusError, StatusError } from "#apimachinery/status-error.ts"

/** An API server of single objects by path: get, create, update with its lock, merge patch of one level, delete. */
export interface FakeObjects {
  readonly transport: Transport
  readonly objects: Map<string, KubeObject>
  /** `METHOD path` of every request that came through. */
  readonly requests: string[]
  /** Requests fail while this is set: by a broken connection, or with this refusal. */
  failure: "connection" | StatusError | undefined
}

export function newFakeObjects(): FakeObjects {
  let version = 0
  const server: FakeObjects = {
    objects: new Map(),
    requests: [],
    failure: undefined,
    transport: async (request) => {
      if (server.failure === "connection") throw new ConnectionError("connection refused")
      server.requests.push(`${request.method} ${request.path}`)
      try {
        if (server.failure !== undefined) throw server.failure
        return answer(200, serve(request))
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
        return answer(error.code, error.status)
      }
    },
  }
  const store = (path: string, object: KubeObject) => {
    const stored = {
      ...object,
      metadata: { uid: `uid-${version + 1}`, ...object.metadata, resourceVersion: String(++version) },
    }
    server.objects.set(path, stored)
    return stored
  }
  const serve = (request: HttpRequest): unknown => {
    const path = request.path.split("?")[0]!
    const body =
      request.body === undefined ? undefined : (JSON.parse(Buffer.from(request.body).toString()) as KubeObject)
    if (request.method === "POST") {
      const at = `${path}/${body?.metadata.name}`
      if (server.objects.has(at)) throw newStatusError("AlreadyExists", `${at} already exists`)
      return store(at, body!)
    }
    const known = server.objects.get(path)
    if (known === undefined) throw newStatusError("NotFound", `${path} not found`)
    const asked = body?.metadata?.resourceVersion
    if (asked !== undefined && asked !== known.metadata.resourceVersion)
      throw newStatusError("Conflict", `${path} was changed`)
    if (request.method === "GET") return known
    if (request.method === "PUT") return store(path, body!)
    if (request.method === "PATCH")
      return store(path, { ...known, ...body, metadata: { ...known.metadata, ...body?.metadata } })
    server.objects.delete(path)
    return { kind: "Status", status: "Success" }
  }
  return server
}

const answer = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
})
