import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
const MERGE = { "content-type": "application/merge-patch+json" }
const widget = (name: string, metadata: object = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name, ...metadata },
})

test("without finalizers an object is gone at once", async () => {
  const { send, watch } = await newWidgetServer()
  const created = (await send("POST", WIDGETS, widget("a"))).body
  const events = await watch(`${WIDGETS}?watch=1&resourceVersion=3`)
  const deleted = await send("DELETE", `${WIDGETS}/a`)
  assert.deepEqual(
    [deleted.status, deleted.body],
    [
      200,
      {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name: "a", group: "example.com", kind: "widgets", uid: created.metadata.uid },
      },
    ],
  )
  assert.equal((await send("DELETE", `${WIDGETS}/a`)).body.message, 'widgets.example.com "a" not found')
  assert.deepEqual(events.brief(), ["DELETED a 4"])
})

test("finalizers keep an object until the last one is taken away", async () => {
  const { send, watch } = await newWidgetServer()
  await send("POST", WIDGETS, widget("a", { finalizers: ["example.com/x", "example.com/y"] }))
  const events = await watch(`${WIDGETS}?watch=1&resourceVersion=3`)
  const marked = await send("DELETE", `${WIDGETS}/a`)
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = marked.body.metadata
  assert.deepEqual(
    [marked.status, deletionTimestamp, deletionGracePeriodSeconds, generation],
    [200, "2026-01-02T03:04:05Z", 0, 2],
  )
  assert.deepEqual((await send("DELETE", `${WIDGETS}/a`)).body, marked.body)

  const added = await send(
    "PATCH",
    `${WIDGETS}/a`,
    { metadata: { finalizers: ["example.com/x", "example.com/z"] } },
    MERGE,
  )
  assert.match(
    added.body.message,
    /metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example.com\/z"\}/,
  )
  await send("PATCH", `${WIDGETS}/a`, { metadata: { finalizers: ["example.com/y"] } }, MERGE)
  const last = await send("PATCH", `${WIDGETS}/a`, { metadata: { finalizers: null } }, MERGE)
  assert.deepEqual([last.status, last.body.metadata.resourceVersion], [200, "5"])
  assert.equal((await send("GET", `${WIDGETS}/a`)).status, 404)
  assert.deepEqual(events.brief(), ["MODIFIED a 4", "MODIFIED a 5", "DELETED a 6"])
})

for (const { name, body, query = "", want } of [
  { name: "orphan", body: { propagationPolicy: "Orphan" }, want: ["orphan"] },
  { name: "foreground", body: { propagationPolicy: "Foreground" }, want: ["foregroundDeletion"] },
  { name: "foreground in the query", query: "?propagationPolicy=Foreground", want: ["foregroundDeletion"] },
  { name: "the old way to orphan", body: { orphanDependents: true }, want: ["orphan"] },
  { name: "background", body: { propagationPolicy: "Background" }, want: undefined },
] as { name: string; body?: object; query?: string; want: string[] | undefined }[]) {
  test(`propagation: ${name}`, async () => {
    const { send } = await newWidgetServer()
    await send("POST", WIDGETS, widget("a"))
    const deleted = await send("DELETE", `${WIDGETS}/a${query}`, body)
    assert.equal(deleted.status, 200)
    if (want === undefined) assert.equal((await send("GET", `${WIDGETS}/a`)).status, 404)
    else assert.deepEqual(deleted.body.metadata.finalizers, want)
  })
}

test("options that contradict each other are refused", async () => {
  const { send } = await newWidgetServer()
  await send("POST", WIDGETS, widget("a"))
  const both = await send("DELETE", `${WIDGETS}/a`, { propagationPolicy: "Orphan", orphanDependents: true })
  assert.match(
    both.body.message,
    /^DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan"/,
  )
  assert.equal((await send("DELETE", `${WIDGETS}/a`, { propagationPolicy: "Sideways" })).status, 422)
  assert.equal((await send("DELETE", `${WIDGETS}/a`, { dryRun: ["Some"] })).status, 422)
})

test("preconditions", async () => {
  const { send } = await newWidgetServer()
  const { uid } = (await send("POST", WIDGETS, widget("a"))).body.metadata
  const wrong = await send("DELETE", `${WIDGETS}/a`, { preconditions: { uid: "x" } })
  assert.deepEqual([wrong.status, wrong.body.details.kind], [409, "Widget"])
  assert.equal(
    wrong.body.message,
    `Operation cannot be fulfilled on Widget.example.com "a": the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
  )
  assert.equal((await send("DELETE", `${WIDGETS}/a`, { preconditions: { resourceVersion: "1" } })).status, 409)
  assert.equal((await send("DELETE", `${WIDGETS}/a`, { preconditions: { uid, resourceVersion: "3" } })).status, 200)
})

test("a collection is deleted by selector", async () => {
  const { send } = await newWidgetServer()
  for (const [name, app] of [
    ["a", "x"],
    ["b", "y"],
    ["c", "x"],
  ])
    await send("POST", WIDGETS, widget(name!, { labels: { app } }))
  const deleted = await send("DELETE", `${WIDGETS}?labelSelector=app%3Dx`)
  assert.deepEqual(
    [deleted.body.kind, deleted.body.items.map((i: { metadata: { name: string } }) => i.metadata.name)],
    ["WidgetList", ["a", "c"]],
  )
  assert.deepEqual(
    (await send("GET", WIDGETS)).body.items.map((i: { metadata: { name: string } }) => i.metadata.name),
    ["b"],
  )
})

test("a namespace waits for its finalizers and takes nothing new meanwhile", async () => {
  const { send } = await newWidgetServer()
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "n" },
    spec: { finalizers: ["kubernetes"] },
  }
  await send("POST", "/api/v1/namespaces", namespace)
  const marked = await send("DELETE", "/api/v1/namespaces/n")
  assert.deepEqual([marked.status, marked.body.status], [200, { phase: "Terminating" }])
  const refused = await send("POST", "/apis/example.com/v1/namespaces/n/widgets", widget("a"))
  assert.equal(refused.status, 403)
  assert.equal(
    refused.body.message,
    'widgets.example.com "a" is forbidden: unable to create new content in namespace n because it is being terminated',
  )
  assert.deepEqual(refused.body.details.causes, [
    { reason: "NamespaceTerminating", message: "namespace n is being terminated", field: "metadata.namespace" },
  ])
  await send("PUT", "/api/v1/namespaces/n/finalize", { ...namespace, spec: {} })
  assert.equal((await send("GET", "/api/v1/namespaces/n")).status, 404)
  const kept = await send("DELETE", "/api/v1/namespaces/default")
  assert.deepEqual(
    [kept.status, kept.body.message],
    [403, 'namespaces "default" is forbidden: this namespace may not be deleted'],
  )
})
