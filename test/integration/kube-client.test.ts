// The client side against the embedded API server over a real port: what scripted answers cannot show.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { realClock } from "#lib/clock.ts"
import { ConnectionError, readBody } from "#lib/http.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { PODS } from "#api/kubernetes/core.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import { newLocalInformerFactory } from "#controlplane/local-informers.ts"
import { EVENTS, newEventRecorder } from "#kube/events.ts"
import { contractLabels, informerContract } from "#kube/informer.contract.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { runLeaderElected } from "#kube/leader-election.ts"
import { listPages } from "#kube/list-pages.ts"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { eventually } from "../support/eventually.ts"
import type { ListeningServer } from "./embedded-listener.ts"
import { listeningServer } from "./embedded-listener.ts"

const CONFIGMAPS: ResourceType<UnknownObject> = {
  group: "",
  version: "v1",
  resource: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
}
const NAMESPACES: ResourceType<UnknownObject> = {
  group: "",
  version: "v1",
  resource: "namespaces",
  kind: "Namespace",
  namespaced: false,
}
const LEASES: ResourceType<UnknownObject> = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  kind: "Lease",
  namespaced: true,
}
const DEPLOYMENTS: ResourceType<UnknownObject> = {
  group: "apps",
  version: "v1",
  resource: "deployments",
  kind: "Deployment",
  namespaced: true,
}

let world: ListeningServer
before(async () => {
  world = await listeningServer()
})
after(() => world.close())

const namespaceObject = (name: string): UnknownObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })
const configMap = (namespace: string, name: string, data: object = {}, labels = {}): UnknownObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, labels },
  data,
})
const reasonIs = (reason: string) => (error: unknown) => error instanceof StatusError && error.reason === reason

/** A client and a namespace of the test's own. */
async function inNamespace(name: string) {
  const connection = await world.connect()
  await connection.client.create(NAMESPACES, namespaceObject(name))
  return connection
}

test("kube client: an object's life", async () => {
  const { client } = await inNamespace("life")
  const key = { namespace: "life", name: "c" }
  const created = await client.create(CONFIGMAPS, configMap("life", "c", { a: "1" }), { fieldManager: "m" })
  assert.match(created.metadata.uid ?? "", /^[0-9a-f-]{36}$/)
  await assert.rejects(client.create(CONFIGMAPS, configMap("life", "c")), reasonIs("AlreadyExists"))
  const updated = await client.update(CONFIGMAPS, { ...created, data: { a: "2" } })
  await assert.rejects(client.update(CONFIGMAPS, { ...created, data: { a: "3" } }), reasonIs("Conflict"))
  assert.deepEqual((await client.get(CONFIGMAPS, key))["data"], { a: "2" })
  const patches = [
    { merge: { data: { b: "merge" } } },
    { json: [{ op: "add", path: "/data/c", value: "json" }] },
    { strategic: { data: { d: "strategic" } } },
  ]
  for (const patch of patches) await client.patch(CONFIGMAPS, key, patch)
  const applied = await client.apply(CONFIGMAPS, configMap("life", "c", { e: "apply" }), { fieldManager: "applier" })
  assert.deepEqual(applied["data"], { a: "2", b: "merge", c: "json", d: "strategic", e: "apply" })
  await assert.rejects(
    client.apply(CONFIGMAPS, configMap("life", "c", { e: "other" }), { fieldManager: "other" }),
    reasonIs("Conflict"),
  )
  const dry = await client.patch(CONFIGMAPS, key, { merge: { data: { f: "dry" } } }, { dryRun: true })
  assert.equal((dry["data"] as Record<string, string>)["f"], "dry")
  assert.equal((await client.get(CONFIGMAPS, key)).metadata.resourceVersion, applied.metadata.resourceVersion)
  await assert.rejects(client.delete(CONFIGMAPS, key, { uid: "another" }), reasonIs("Conflict"))
  await client.delete(CONFIGMAPS, key, { uid: updated.metadata.uid ?? "", propagationPolicy: "Background" })
  await assert.rejects(client.get(CONFIGMAPS, key), reasonIs("NotFound"))
})

test("kube client: status is written apart, and unknown fields are refused when asked", async () => {
  const { client } = await inNamespace("status")
  const labels = { app: "x" }
  const deployment: UnknownObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "status", name: "d" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  }
  await client.create(DEPLOYMENTS, deployment)
  const key = { namespace: "status", name: "d" }
  const patched = await client.patch(
    DEPLOYMENTS,
    key,
    { merge: { status: { replicas: 3 } } },
    { subresource: "status" },
  )
  assert.deepEqual(patched["status"], { replicas: 3 })
  const strict = client.create(CONFIGMAPS, { ...configMap("status", "c"), nonsense: 1 }, { fieldValidation: "Strict" })
  await assert.rejects(
    strict,
    (error) => reasonIs("BadRequest")(error) && /unknown field "nonsense"/.test(String(error)),
  )
})

test("kube client: lists in pages, by label and field, and of metadata alone", async () => {
  const { client } = await inNamespace("lists")
  await Promise.all(
    Array.from({ length: 25 }, (_, i) =>
      client.create(CONFIGMAPS, configMap("lists", `c${i}`, { big: "x" }, { even: String(i % 2 === 0) })),
    ),
  )
  const pages = await listPages(client, CONFIGMAPS, { namespace: "lists" }, 10)
  assert.equal(pages.items.length, 25)
  assert.ok(pages.items.every(({ kind, apiVersion }) => kind === "ConfigMap" && apiVersion === "v1"))
  const even = await client.list(CONFIGMAPS, { namespace: "lists", labelSelector: "even=true" })
  assert.equal(even.items.length, 13)
  const one = await client.list(CONFIGMAPS, { namespace: "lists", fieldSelector: "metadata.name=c7" })
  assert.deepEqual(
    one.items.map(({ metadata }) => metadata.name),
    ["c7"],
  )
  const partial = await client.list(CONFIGMAPS, { namespace: "lists", metadataOnly: true })
  assert.equal(partial.items.length, 25)
  assert.ok(partial.items.every((item) => item.kind === "ConfigMap" && item["data"] === undefined))
})

test("kube client: many watches on one connection, from a version, until they are stopped", async () => {
  const { client } = await inNamespace("watches")
  const { metadata } = await client.list(CONFIGMAPS, { namespace: "watches" })
  const told: string[][] = []
  const watches = Array.from({ length: 50 }, () => {
    const events: string[] = []
    told.push(events)
    return client.watch(
      CONFIGMAPS,
      { namespace: "watches", resourceVersion: metadata.resourceVersion ?? "" },
      {
        event: (type, object) => void events.push(`${type} ${object.metadata.name}`),
        bookmark: () => undefined,
        end: (error) => void events.push(`end ${String(error)}`),
      },
    )
  })
  await client.create(CONFIGMAPS, configMap("watches", "a"))
  await client.patch(CONFIGMAPS, { namespace: "watches", name: "a" }, { merge: { data: { size: "größe ✓" } } })
  await client.delete(CONFIGMAPS, { namespace: "watches", name: "a" })
  const all = ["ADDED a", "MODIFIED a", "DELETED a"]
  await eventually(() => told.forEach((events) => assert.deepEqual(events, all)))
  for (const watch of watches) watch.stop()
  await client.create(CONFIGMAPS, configMap("watches", "b"))
  assert.deepEqual(told[0], all)
})

test("kube client: a watch from a version that is to come, from one that is gone, and one that ends by itself", async () => {
  const { client } = await inNamespace("ends")
  const watched = (options: object) =>
    new Promise<Error | undefined>((resolve) => {
      client.watch(CONFIGMAPS, { namespace: "ends", ...options }, { event() {}, bookmark() {}, end: resolve })
    })
  assert.equal(await watched({ timeoutSeconds: 1 }), undefined)
  const bad = await watched({ resourceVersion: "x" })
  assert.ok(bad instanceof StatusError)
})

test("kube client: without credentials, and with a token that is none", async () => {
  const { cert: _cert, key: _key, ...nobody } = world.kubeconfig
  const anonymous = await world.connect(nobody)
  await assert.rejects(anonymous.client.list(CONFIGMAPS), reasonIs("Forbidden"))
  const wrong = await world.connect({ ...nobody, token: "x" })
  await assert.rejects(wrong.client.list(CONFIGMAPS), reasonIs("Unauthorized"))
})

test("kube client: /version, discovery and a path that is not there", async () => {
  const { client } = await world.connect()
  const version = await client.raw("GET", "/version")
  assert.match(Buffer.from(await readBody(version.body)).toString(), /"gitVersion"/)
  assert.equal((await client.raw("GET", "/nothing")).status, 404)
  const mapper = newRestMapper({ client, clock: realClock })
  assert.deepEqual(await mapper.resourceFor("apps/v1", "Deployment"), DEPLOYMENTS)
  assert.deepEqual(await mapper.resourceNamed("", "configmaps"), CONFIGMAPS)
  assert.equal(await mapper.resourceFor("apps/v1", "Nothing"), undefined)
})

test("kube client: what a kubelet would answer is refused with the reason", async () => {
  const { client, transport } = await inNamespace("kubelet")
  const metadata = { name: "a", namespace: "kubelet" }
  await client.create(PODS, {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { containers: [{ name: "c", image: "i" }] },
  })
  const refusal = async (method: string, path: string): Promise<string> => {
    const answer = await transport({ method, path: `/api/v1/namespaces/kubelet/pods/${path}`, headers: {} })
    const { message } = JSON.parse((await readBody(answer.body)).toString()) as { message: string }
    return `${answer.status} ${message}`
  }
  for (const [method, subresource] of [
    ["GET", "log"],
    ["POST", "exec"],
    ["POST", "portforward"],
    ["GET", "proxy"],
  ] as const) {
    const want = `405 pods "a" has no ${subresource}: it is simulated, no kubelet runs it`
    assert.equal(await refusal(method, `a/${subresource}`), want)
  }
  assert.equal(await refusal("GET", "b/log"), '404 pods "b" not found')
})

test("kube client: leader election", async () => {
  const { client } = await inNamespace("hub")
  const abort = new AbortController()
  const led: string[] = []
  await runLeaderElected(
    {
      client,
      clock: realClock,
      random: realRandom,
      log: silentLog,
      namespace: "hub",
      name: "hawser",
      identity: "a",
      signal: abort.signal,
    },
    async () => {
      led.push("a")
      abort.abort()
    },
  )
  assert.deepEqual(led, ["a"])
  const lease = await client.get(LEASES, { namespace: "hub", name: "hawser" })
  assert.equal((lease["spec"] as { holderIdentity?: string }).holderIdentity ?? "", "", "given back")
})

test("kube client: alike events become one series", async () => {
  const { client } = await world.connect()
  const recorder = newEventRecorder({
    client,
    clock: realClock,
    random: realRandom,
    log: silentLog,
    reportingController: "hawser.dev/test",
    reportingInstance: "here",
  })
  for (let i = 0; i < 2; i++) {
    recorder.event(namespaceObject("hub"), "Normal", "Leading", "Lead", "it leads")
    await recorder.flush()
  }
  const { items } = await client.list(EVENTS, { namespace: "default" })
  assert.deepEqual(
    items.map(({ reason, series }) => [reason, series?.count]),
    [["Leading", 2]],
  )
})

test("kube client: a connection that broke is opened again by the next request", async () => {
  const { client, transport } = await world.connect()
  assert.equal((await client.raw("GET", "/livez")).status, 200)
  transport.reconnect()
  assert.equal((await client.raw("GET", "/livez")).status, 200)
  transport.close()
  await assert.rejects(client.raw("GET", "/livez"), ConnectionError)
})

for (const [name, newFactory] of [
  [
    "over TLS",
    async (own: ListeningServer) => {
      const { client } = await own.connect()
      return newInformerFactory({ client, clock: realClock, random: realRandom, log: silentLog })
    },
  ],
  ["in the server's process", async (own: ListeningServer) => newLocalInformerFactory(own.server.reader)],
] as const) {
  informerContract(name, async () => {
    const own = await listeningServer()
    const { client } = await own.connect()
    for (const namespace of ["one", "two"]) await client.create(NAMESPACES, namespaceObject(namespace))
    const factory: InformerFactory = await newFactory(own)
    return {
      type: CONFIGMAPS,
      factory,
      async put(namespace, key, label) {
        const object = configMap(namespace, key, {}, contractLabels(label))
        await client.apply(CONFIGMAPS, object, { fieldManager: "contract" })
      },
      async remove(namespace, key) {
        await client.delete(CONFIGMAPS, { namespace, name: key })
      },
      until: (condition) => eventually(() => assert.ok(condition())),
      close: () => own.close(),
    }
  })
}
