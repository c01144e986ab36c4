import assert from "node:assert/strict"
import { getEventListeners } from "node:events"
import { test } from "node:test"
import { ConnectionError, isStream, readBody } from "#lib/http.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import type { KubeClient } from "./client.ts"
import { newKubeClient } from "./rest.ts"
import { newScriptedTransport } from "./testing/scripted-transport.ts"
import { CONFIGMAPS, NODES, WIDGETS, widget } from "./testing/types.ts"

function newWorld() {
  const clock = newVirtualClock(0)
  const server = newScriptedTransport()
  const client = newKubeClient({
    transport: server.transport,
    userAgent: "test/1",
    headers: { "impersonate-user": "u" },
    clock,
  })
  return { clock, server, client }
}

const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } }
const W = "/apis/example.com/v1/namespaces/ns/widgets"

const requests: {
  name: string
  call: (client: KubeClient) => Promise<unknown>
  want: string
  body?: unknown
  type?: string
  accept?: string
}[] = [
  { name: "get", call: (c) => c.get(WIDGETS, { namespace: "ns", name: "w" }), want: `GET ${W}/w` },
  { name: "get of a cluster-scoped object", call: (c) => c.get(NODES, { name: "n1" }), want: "GET /api/v1/nodes/n1" },
  {
    name: "names are escaped",
    call: (c) => c.get(NODES, { name: "a:b/c" }),
    want: "GET /api/v1/nodes/a%3Ab%2Fc",
  },
  {
    name: "list",
    call: (c) =>
      c.list(CONFIGMAPS, {
        namespace: "ns",
        labelSelector: "a in (b,c)",
        fieldSelector: "metadata.name=x",
        limit: 2,
        continue: "t==",
        resourceVersion: "5",
        resourceVersionMatch: "Exact",
      }),
    want: "GET /api/v1/namespaces/ns/configmaps?labelSelector=a%20in%20(b%2Cc)&fieldSelector=metadata.name%3Dx&limit=2&continue=t%3D%3D&resourceVersion=5&resourceVersionMatch=Exact",
    accept: "application/json",
  },
  { name: "list of all namespaces", call: (c) => c.list(WIDGETS), want: "GET /apis/example.com/v1/widgets" },
  {
    name: "list of metadata",
    call: (c) => c.list(WIDGETS, { metadataOnly: true }),
    want: "GET /apis/example.com/v1/widgets",
    accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
  },
  {
    name: "create",
    call: (c) => c.create(WIDGETS, widget("ns", "w"), { fieldManager: "m", dryRun: true, fieldValidation: "Strict" }),
    want: `POST ${W}?fieldManager=m&dryRun=All&fieldValidation=Strict`,
    body: widget("ns", "w"),
    type: "application/json",
  },
  {
    name: "create of a cluster-scoped object",
    call: (c) => c.create(NODES, node),
    want: "POST /api/v1/nodes",
    body: node,
  },
  {
    name: "update of a status",
    call: (c) => c.update(WIDGETS, widget("ns", "w"), { subresource: "status" }),
    want: `PUT ${W}/w/status`,
    body: widget("ns", "w"),
    type: "application/json",
  },
  {
    name: "merge patch",
    call: (c) => c.patch(WIDGETS, { namespace: "ns", name: "w" }, { merge: { a: null } }),
    want: `PATCH ${W}/w`,
    body: { a: null },
    type: "application/merge-patch+json",
  },
  {
    name: "JSON patch",
    call: (c) => c.patch(WIDGETS, { namespace: "ns", name: "w" }, { json: [{ op: "remove", path: "/a" }] }),
    want: `PATCH ${W}/w`,
    body: [{ op: "remove", path: "/a" }],
    type: "application/json-patch+json",
  },
  {
    name: "strategic merge patch",
    call: (c) => c.patch(NODES, { name: "n1" }, { strategic: { a: 1 } }, { subresource: "status" }),
    want: "PATCH /api/v1/nodes/n1/status",
    body: { a: 1 },
    type: "application/strategic-merge-patch+json",
  },
  {
    name: "apply",
    call: (c) => c.apply(WIDGETS, widget("ns", "w"), { fieldManager: "m", force: true }),
    want: `PATCH ${W}/w?fieldManager=m&force=true`,
    body: widget("ns", "w"),
    type: "application/apply-patch+yaml",
  },
  { name: "delete", call: (c) => c.delete(WIDGETS, { namespace: "ns", name: "w" }), want: `DELETE ${W}/w` },
  {
    name: "delete with preconditions",
    call: (c) =>
      c.delete(
        WIDGETS,
        { namespace: "ns", name: "w" },
        { uid: "u", propagationPolicy: "Foreground", gracePeriodSeconds: 0 },
      ),
    want: `DELETE ${W}/w`,
    body: {
      kind: "DeleteOptions",
      apiVersion: "v1",
      gracePeriodSeconds: 0,
      preconditions: { uid: "u" },
      propagationPolicy: "Foreground",
    },
    type: "application/json",
  },
  {
    name: "subresource",
    call: (c) => c.createSubresource(CONFIGMAPS, { namespace: "ns", name: "sa" }, "token", { spec: {} }),
    want: "POST /api/v1/namespaces/ns/configmaps/sa/token",
    body: { spec: {} },
  },
  {
    name: "review",
    call: (c) => c.createSubresource(NODES, { name: "" }, "", { spec: {} }),
    want: "POST /api/v1/nodes",
    body: { spec: {} },
  },
]

for (const { name, call, want, body, type, accept } of requests) {
  test(`newKubeClient: request of ${name}`, async () => {
    const { server, client } = newWorld()
    const result = call(client)
    const { request, body: sent } = server.waiting[0]!
    assert.equal(`${request.method} ${request.path}`, want)
    assert.deepEqual(sent, body)
    assert.equal(request.headers["user-agent"], "test/1")
    assert.equal(request.headers["impersonate-user"], "u")
    if (type !== undefined) assert.equal(request.headers["content-type"], type)
    if (body === undefined) assert.equal(request.headers["content-type"], undefined)
    if (accept !== undefined) assert.equal(request.headers["accept"], accept)
    server.take().answer(200, { kind: "X", metadata: {} })
    await result
  })
}

test("list: items have the type's apiVersion and kind, though built-in kinds leave them out", async () => {
  const { server, client } = newWorld()
  const listing = client.list(CONFIGMAPS)
  server
    .take()
    .answer(200, { kind: "ConfigMapList", apiVersion: "v1", metadata: {}, items: [{ metadata: { name: "a" } }] })
  assert.deepEqual((await listing).items, [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }])
})

test("list: metadata-only items have the type's kind, and null is an empty list", async () => {
  const { server, client } = newWorld()
  const listing = client.list(WIDGETS, { metadataOnly: true })
  const partial = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata: { name: "a" } }
  server.take().answer(200, { metadata: {}, items: [partial] })
  assert.deepEqual((await listing).items, [{ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" } }])
  const empty = client.list(WIDGETS)
  server.take().answer(200, { metadata: {}, items: null })
  assert.deepEqual((await empty).items, [])
})

const status = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "no",
  reason: "Conflict",
  code: 409,
}

for (const { name, method = "get", code, body, want } of [
  { name: "a Status", code: 409, body: status, want: ["Conflict", 409, "no"] },
  {
    name: "404 in plain text",
    code: 404,
    body: "404 page not found\n",
    want: ["NotFound", 404, "the server could not find the requested resource (404: 404 page not found)"],
  },
  {
    name: "an HTML page of a proxy",
    code: 502,
    body: "<html>Bad Gateway</html>",
    want: [
      "InternalError",
      502,
      "an error on the server has prevented the request from succeeding (502: <html>Bad Gateway</html>)",
    ],
  },
  {
    name: "JSON that is no Status",
    code: 401,
    body: { error: "x" },
    want: ["Unauthorized", 401, 'the server has asked for the client to provide credentials (401: {"error":"x"})'],
  },
  {
    name: "broken JSON",
    code: 503,
    body: "{",
    want: ["ServiceUnavailable", 503, "the server is currently unable to handle the request (503: {)"],
  },
  {
    name: "409 without a reason on POST",
    method: "create",
    code: 409,
    body: "",
    want: ["AlreadyExists", 409, "the server reported a conflict"],
  },
  {
    name: "409 without a reason elsewhere",
    code: 409,
    body: "",
    want: ["Conflict", 409, "the server reported a conflict"],
  },
  {
    name: "a code that nobody knows",
    code: 418,
    body: "",
    want: ["InternalError", 418, "an error on the server has prevented the request from succeeding"],
  },
]) {
  test(`newKubeClient: failure: ${name}`, async () => {
    const { server, client } = newWorld()
    const result = method === "create" ? client.create(NODES, node) : client.get(NODES, { name: "n1" })
    server.take().answer(code, body)
    await assert.rejects(result, (error) => {
      assert.ok(error instanceof StatusError)
      assert.deepEqual([error.reason, error.code, error.message], want)
      return true
    })
  })
}

test("newKubeClient: an answer of 200 that is no JSON is a broken connection, not an object", async () => {
  const { server, client } = newWorld()
  const result = client.get(NODES, { name: "n1" })
  server.take().answer(200, "<html>")
  await assert.rejects(result, ConnectionError)
})

for (const code of [429, 503]) {
  test(`newKubeClient: ${code} with Retry-After is waited out`, async () => {
    const { clock, server, client } = newWorld()
    const result = client.create(NODES, node)
    server.take().answer(code, "", { "retry-after": "2" })
    await clock.advance(1_999)
    assert.equal(server.waiting.length, 0)
    await clock.advance(1)
    server.take().answer(201, node)
    assert.deepEqual(await result, node)
    assert.equal(clock.timerCount, 0)
  })
}

for (const { name, code, headers } of [
  { name: "503 without Retry-After", code: 503, headers: {} },
  { name: "429 that asks for more than the bound", code: 429, headers: { "retry-after": "31" } },
  { name: "500 with Retry-After", code: 500, headers: { "retry-after": "1" } },
]) {
  test(`newKubeClient: ${name} is the caller's`, async () => {
    const { server, client } = newWorld()
    const result = client.get(NODES, { name: "n1" })
    server.take().answer(code, "", headers)
    await assert.rejects(result, (error: StatusError) => error.code === code)
  })
}

test("newKubeClient: Retry-After without end is given up after ten tries", async () => {
  const { clock, server, client } = newWorld()
  const result = client.get(NODES, { name: "n1" })
  const failed = assert.rejects(result, (error: StatusError) => error.status.details?.retryAfterSeconds === 1)
  for (let i = 0; i <= 10; i++) {
    server.take().answer(429, "", { "retry-after": "1" })
    await clock.advance(1_000)
  }
  await failed
  assert.equal(server.waiting.length, 0)
})

test("newKubeClient: no answer in time, and then none is waited for", async () => {
  const { clock, server, client } = newWorld()
  const result = client.get(NODES, { name: "n1" })
  const failed = assert.rejects(
    result,
    (error) => error instanceof ConnectionError && /within 60000 ms/.test(error.message),
  )
  await clock.advance(60_000)
  await failed
  assert.equal(server.take().aborted, true)
})

test("newKubeClient: an answer that stalls half-way is given up in time", async () => {
  const { clock, server, client } = newWorld()
  const failed = assert.rejects(client.list(NODES), ConnectionError)
  server.take().stream().write('{"items":[')
  await clock.advance(60_000)
  await failed
})

test("newKubeClient: the caller's signal ends the call with its reason", async () => {
  const { clock, server, client } = newWorld()
  const abort = new AbortController()
  const reason = new Error("enough")
  const result = client.get(NODES, { name: "n1" }, { signal: abort.signal })
  abort.abort(reason)
  await assert.rejects(result, reason)
  assert.equal(server.take().aborted, true)
  assert.equal(clock.timerCount, 0)
  await assert.rejects(client.get(NODES, { name: "n1" }, { signal: abort.signal }), reason)
})

test("raw: gives the answer whatever its status, and a stream goes on after the head", async () => {
  const { clock, server, client } = newWorld()
  const missing = client.raw("GET", "/nope")
  server.take().answer(404, "x")
  assert.equal((await missing).status, 404)
  const abort = new AbortController()
  const following = client.raw("POST", "/log", {
    body: { a: 1 },
    headers: { accept: "text/plain" },
    signal: abort.signal,
  })
  const exchange = server.take()
  assert.deepEqual([exchange.body, exchange.request.headers["accept"]], [{ a: 1 }, "text/plain"])
  const stream = exchange.stream()
  const response = await following
  const text = readBody(response.body).then((body) => Buffer.from(body).toString())
  stream.write("one ")
  await clock.advance(120_000)
  assert.equal(exchange.aborted, false)
  stream.write("two")
  stream.end()
  assert.equal(await text, "one two")
})

test("raw: nothing listens to the caller's signal once an answer is over, however it ends", async () => {
  const { clock, server, client } = newWorld()
  const { signal } = new AbortController()
  const listening = () => getEventListeners(signal, "abort").length
  const ask = () => client.raw("GET", "/livez", { signal })
  const whole = ask()
  server.take().answer(200, "ok")
  await whole
  assert.equal(listening(), 0, "a whole body")
  const unanswered = assert.rejects(ask(), ConnectionError)
  await clock.advance(61_000)
  await unanswered
  server.take()
  assert.equal(listening(), 0, "no answer")
  for (const stops of [false, true]) {
    const following = ask()
    const stream = server.take().stream()
    const { body } = await following
    assert.ok(isStream(body))
    const stop = body.start({ write: () => 0, end() {} })
    assert.equal(listening(), 1)
    if (stops) stop()
    else stream.end()
    assert.equal(listening(), 0, stops ? "a stream that is stopped" : "a stream that ends")
  }
})
