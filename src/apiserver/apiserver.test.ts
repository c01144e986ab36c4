import assert from "node:assert/strict"
import { test } from "node:test"
import { notFound } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin } from "./admission/admission.ts"
import type { ObjectChange } from "./object-reader.ts"
import { newWidgetServer } from "./testing/widget-server.ts"

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
const configMap = (name: string, data: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
})

test("health and version", async () => {
  const { send } = await newWidgetServer()
  for (const path of ["/livez", "/readyz", "/healthz", "/readyz/ping"]) {
    const { status, text } = await send("GET", path)
    assert.deepEqual([path, status, text], [path, 200, "ok"])
  }
  assert.equal((await send("GET", "/readyz?verbose")).text, "[+]ping ok\nreadyz check passed\n")
  assert.equal((await send("GET", "/readyz/nothing")).status, 404)
  assert.equal((await send("GET", "/version")).body.gitVersion, "v1.35.4")
  assert.deepEqual(
    [(await send("GET", "/nothing")).status, (await send("GET", "/nothing")).text],
    [404, "404 page not found\n"],
  )
  assert.match((await send("GET", "/metrics")).text, /apiserver_storage_objects\{resource="namespaces"\} 2/)
})

test("every answer has an audit id and forbids caches", async () => {
  const { send } = await newWidgetServer()
  const own = await send("GET", "/livez")
  assert.match(String(own.headers["audit-id"]), /^[0-9a-f-]{36}$/)
  assert.equal(own.headers["cache-control"], "no-cache, private")
  assert.equal(
    (await send("GET", `${CONFIG_MAPS}/none`, undefined, { "audit-id": "mine" })).headers["audit-id"],
    "mine",
  )
})

test("what the authorizer refuses is 403 in its words, except for health", async () => {
  const { send } = await newWidgetServer({ authorize: () => ({ allowed: false, reason: "" }) })
  const { status, body } = await send("GET", `${CONFIG_MAPS}/a`)
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'configmaps "a" is forbidden: User "system:apiserver" cannot get resource "configmaps" in API group "" in the namespace "default"',
    ],
  )
  assert.equal((await send("GET", "/version")).status, 403)
  assert.equal((await send("GET", "/readyz")).status, 200)
})

test("a fault of ours is 500", async () => {
  const admission: AdmissionPlugin = {
    name: "broken",
    validate({ resource }) {
      if (resource.resource === "configmaps") throw new Error("out of order")
    },
  }
  const { send } = await newWidgetServer({ admission: [admission] })
  const { status, body } = await send("POST", CONFIG_MAPS, configMap("a"))
  assert.deepEqual([status, body.message], [500, "Internal error occurred: out of order"])
})

test("a body above the bound is 413", async () => {
  const { send } = await newWidgetServer()
  assert.equal((await send("POST", CONFIG_MAPS, "x".repeat(3 * 1024 * 1024 + 1))).status, 413)
})

test("admission plug-ins see and change writes, in order", async () => {
  const seen: string[] = []
  const plugin = (name: string): AdmissionPlugin => ({
    name,
    mutate({ operation, object, before, user }) {
      seen.push(`${name} mutate ${operation} ${user.name}${before === undefined ? "" : " before"}`)
      if (object?.kind === "ConfigMap") object.metadata.labels = { ...object.metadata.labels, [name]: "seen" }
    },
    async validate({ operation, object, before }) {
      seen.push(
        `${name} validate ${operation}${object === undefined ? "" : " object"}${before === undefined ? "" : " before"}`,
      )
      await Promise.resolve()
    },
  })
  const { send } = await newWidgetServer({ admission: [plugin("a"), plugin("b")] })
  seen.length = 0
  const created = await send("POST", CONFIG_MAPS, configMap("a"))
  assert.deepEqual(created.body.metadata.labels, { a: "seen", b: "seen" })
  await send("DELETE", `${CONFIG_MAPS}/a`)
  assert.deepEqual(seen, [
    "a mutate CREATE system:apiserver",
    "b mutate CREATE system:apiserver",
    "a validate CREATE object",
    "b validate CREATE object",
    "a validate DELETE before",
    "b validate DELETE before",
  ])
})

test("virtual resources are answered and not stored", async () => {
  const { send, server } = await newWidgetServer({
    virtual: [
      {
        group: "authorization.k8s.io",
        resource: "reviews",
        create: ({ object, user }) => ({ ...object, status: { user: user.name } }),
      },
      {
        group: "",
        resource: "configmaps",
        subresource: "token",
        create: ({ name, namespace, object }) => ({ ...object, status: { name, namespace } }),
      },
    ],
  })
  const before = server.storage.revision
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "Review" }
  const answer = await send("POST", "/apis/authorization.k8s.io/v1/reviews", review)
  assert.deepEqual([answer.status, answer.body.status], [201, { user: "system:apiserver" }])
  assert.equal((await send("GET", "/apis/authorization.k8s.io/v1/reviews")).status, 405)
  assert.equal(server.storage.revision, before)
  assert.deepEqual(
    (await send("POST", `${CONFIG_MAPS}/a/token`, review)).body.message,
    notFound({ group: "", resource: "configmaps" }, "a").message,
  )
  await send("POST", CONFIG_MAPS, configMap("a"))
  assert.deepEqual((await send("POST", `${CONFIG_MAPS}/a/token`, review)).body.status, {
    name: "a",
    namespace: "default",
  })
})

test("bootstrap creates what is missing and leaves the rest", async () => {
  const { server, send } = await newWidgetServer()
  const object = { ...configMap("a", { x: "1" }), metadata: { name: "a", namespace: "default" } }
  await server.bootstrap([object])
  await server.bootstrap([{ ...object, data: { x: "2" } }])
  assert.deepEqual((await send("GET", `${CONFIG_MAPS}/a`)).body.data, { x: "1" })
  await assert.rejects(
    server.bootstrap([{ apiVersion: "v9", kind: "Gadget", metadata: { name: "g" } }]),
    /Cannot create Gadget "g": v9 is not served/,
  )
})

test("the reader sees acknowledged state and tells of changes", async () => {
  const { server, send } = await newWidgetServer()
  const resource = { group: "", resource: "configmaps" }
  const changes: ObjectChange[] = []
  const stop = server.reader.onChange((more) => changes.push(...more))
  const version = server.reader.version(resource)
  await send("POST", CONFIG_MAPS, configMap("a", { x: "1" }))
  await send("PATCH", `${CONFIG_MAPS}/a`, { data: { x: "2" } }, { "content-type": "application/merge-patch+json" })
  const read = server.reader.get(resource, "default", "a")
  assert.equal(read, server.reader.get(resource, "default", "a"))
  assert.deepEqual([read?.["data"], read?.metadata.resourceVersion], [{ x: "2" }, "4"])
  assert.deepEqual(server.reader.list(resource, "default"), [read])
  assert.deepEqual(server.reader.list(resource, "other"), [])
  assert.notEqual(server.reader.version(resource), version)
  await send("DELETE", `${CONFIG_MAPS}/a`)
  stop()
  await send("POST", CONFIG_MAPS, configMap("b"))
  assert.deepEqual(
    changes.map((c) => [
      c.kind,
      c.resource.resource,
      c.object.metadata.resourceVersion,
      c.object["data"],
      c.before?.["data"],
    ]),
    [
      ["added", "configmaps", "3", { x: "1" }, undefined],
      ["changed", "configmaps", "4", { x: "2" }, { x: "1" }],
      ["deleted", "configmaps", "5", { x: "2" }, undefined],
    ],
  )
})
