// What kube-apiserver made of the objects in src/apiserver/builtin/testdata (recorded by tools/record-builtin/run.ts), and
// what the embedded server makes of them.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { after, before, describe, test } from "node:test"
import { parseApiVersion, type ResourceType } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { listeningServer, type ListeningServer } from "./embedded-listener.ts"

const recorded = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(new URL(`../../src/apiserver/builtin/testdata/${name}.json`, import.meta.url), "utf8")) as T[]

let world: ListeningServer
let client: KubeClient
before(async () => {
  world = await listeningServer()
  client = (await world.connect()).client
})
after(() => world.close())

function typeOf(object: UnknownObject): ResourceType {
  const { group, version } = parseApiVersion(object.apiVersion)
  const info = world.server.resources.findKind(group, version, object.kind)
  assert.ok(info !== undefined, `${object.apiVersion} ${object.kind} is not served`)
  return { group, version, resource: info.resource, kind: object.kind, namespaced: info.namespaced }
}

/** As `tools/record-builtin/run.ts` writes them. */
async function causesOf(call: () => Promise<unknown>): Promise<string[]> {
  try {
    await call()
    return []
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const { code, message, details } = error.status
    return code === 422 ? (details?.causes ?? []).map((c) => `${c.field}: ${c.message}`) : [`${code} ${message}`]
  }
}

/** What no two servers give alike. */
const GIVEN = new Set(["uid", "resourceVersion", "clusterIP", "clusterIPs", "nodePort", "managedFields"])
const UID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

const normal = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (GIVEN.has(key) || /Time(?:stamp)?$/.test(key)) return undefined
      return typeof inner === "string" ? inner.replaceAll(UID, "UID") : inner
    }),
  )

/** Where the embedded server differs, and why. One that differs no more fails. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "stored form: Pod p1": "was recorded without the admission of service accounts, which here always works",
  "stored form: PersistentVolume pv1": "nothing here would take the protecting finalizer away again",
  "stored form: PersistentVolumeClaim pvc1": "nothing here would take the protecting finalizer away again",
  "stored form: Node n1": "new nodes are not tainted: no controller here would take the taint away",
  "stored form: CustomResourceDefinition bars.ex2.io": "definitions are established by the write itself",
  "stored form: APIService v1.x.io": "aggregated API servers are not called",
  "stored form: FlowSchema fs1": "priority and fairness is not acted on",
  'update: Job: container.image = "other"': "quotes the template as JSON, kube-apiserver as it is in Go",
  "update: Job: delete spec.selector": "kube-apiserver checks the selector twice and says so twice",
  'update: Pod: container.image = "other"': "does not add kube-apiserver's diff of Go structures",
}

async function holds(name: string, check: () => Promise<void>): Promise<void> {
  if (!(name in EXCEPTIONS)) return check()
  await assert.rejects(check, assert.AssertionError, `differs no more: ${name}`)
}

describe("recorded answers of kube-apiserver", () => {
  for (const { object, stored } of recorded<{ object: UnknownObject; stored: UnknownObject }>("stored-objects")) {
    const name = `stored form: ${object.kind} ${object.metadata.name}`
    test(name, async () => {
      const created = await client.create(typeOf(object), object)
      await holds(name, async () => assert.deepEqual(normal(created), normal(stored)))
    })
  }
  for (const { what, object, causes } of recorded<{ what: string; object: UnknownObject; causes: string[] }>(
    "refusals",
  )) {
    test(`refused: ${what}`, async () => {
      assert.deepEqual(await causesOf(() => client.create(typeOf(object), object, { dryRun: true })), causes)
    })
  }
  type Update = { what: string; object: UnknownObject; change: object; before: UnknownObject; causes: string[] }
  for (const { what, object, change, causes } of recorded<Update>("updates")) {
    test(`update: ${what}`, async () => {
      const type = typeOf(object)
      await client.create(type, object).catch(() => undefined)
      const { name = "", namespace } = object.metadata
      const key = namespace === undefined ? { name } : { name, namespace }
      const changed = mergePatch(await client.get(type, key), change) as UnknownObject
      const found = await causesOf(() => client.update(type, changed, { dryRun: true }))
      await holds(`update: ${what}`, async () => assert.deepEqual(normal(found), normal(causes)))
    })
  }
})
