import assert from "node:assert/strict"
import { test } from "node:test"
import type { HttpRequest, HttpResponse } from "#lib/http.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import { newKubeClient } from "./rest.ts"
import { newRestMapper } from "./rest-mapper.ts"

const verbs = ["get"]
const aggregatedResource = (resource: string, kind: string, scope: string) => ({
  resource,
  responseKind: { group: "", version: "", kind },
  scope,
  verbs,
  subresources: [{ subresource: "status" }],
})

/** Two groups; `widgets` is served in two versions, the second of which is preferred by place. */
const AGGREGATED: Record<string, unknown> = {
  "/api": {
    kind: "APIGroupDiscoveryList",
    items: [
      {
        metadata: {},
        versions: [{ version: "v1", resources: [aggregatedResource("configmaps", "ConfigMap", "Namespaced")] }],
      },
    ],
  },
  "/apis": {
    kind: "APIGroupDiscoveryList",
    items: [
      {
        metadata: { name: "example.com" },
        versions: [
          {
            version: "v2",
            resources: [aggregatedResource("widgets", "Widget", "Cluster"), { resource: "bare", scope: "Cluster" }],
          },
          { version: "v1", resources: [aggregatedResource("widgets", "Widget", "Cluster")] },
        ],
      },
    ],
  },
}
const legacyResources = (...resources: object[]) => ({ kind: "APIResourceList", resources })
const WIDGET = { name: "widgets", kind: "Widget", namespaced: false, verbs }
const LEGACY: Record<string, unknown> = {
  "/api": { kind: "APIVersions", versions: ["v1"] },
  "/apis": {
    kind: "APIGroupList",
    groups: [
      { name: "example.com", versions: [{ version: "v1" }, { version: "v2" }], preferredVersion: { version: "v2" } },
      { name: "away.com", versions: [{ version: "v1" }] },
    ],
  },
  "/api/v1": legacyResources(
    { name: "configmaps", kind: "ConfigMap", namespaced: true, verbs },
    { name: "configmaps/status", kind: "ConfigMap", namespaced: true, verbs },
  ),
  "/apis/example.com/v1": legacyResources(WIDGET),
  "/apis/example.com/v2": legacyResources(WIDGET),
}

function newWorld(answers: Record<string, unknown>, code = 503) {
  const clock = newVirtualClock(0)
  const requests: string[] = []
  const transport = async ({ path }: HttpRequest): Promise<HttpResponse> => {
    requests.push(path)
    const answer = answers[path]
    return { status: answer === undefined ? code : 200, headers: {}, body: Buffer.from(JSON.stringify(answer ?? "")) }
  }
  const client = newKubeClient({ transport, userAgent: "test", clock })
  return { clock, requests, answers, mapper: newRestMapper({ client, clock }) }
}

const CONFIGMAPS = { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true }
const WIDGETS_V1 = { group: "example.com", version: "v1", resource: "widgets", kind: "Widget", namespaced: false }
const WIDGETS_V2 = { ...WIDGETS_V1, version: "v2" }

for (const [name, answers] of [
  ["aggregated", AGGREGATED],
  ["legacy", LEGACY],
] as const) {
  test(`newRestMapper, ${name}: by kind at its version, by name at the preferred one`, async () => {
    const { mapper, requests } = newWorld(answers)
    assert.deepEqual(await mapper.resourceFor("v1", "ConfigMap"), CONFIGMAPS)
    const count = requests.length
    assert.deepEqual(await mapper.resourceFor("example.com/v1", "Widget"), WIDGETS_V1)
    assert.deepEqual(await mapper.resourceFor("example.com/v2", "Widget"), WIDGETS_V2)
    assert.deepEqual(await mapper.resourceNamed("example.com", "widgets"), WIDGETS_V2)
    assert.deepEqual(await mapper.resourceNamed("", "configmaps"), CONFIGMAPS)
    assert.equal(requests.length, count, "asked once")
  })
}

test("newRestMapper: what is missing is asked for again, but not more often than every two seconds", async () => {
  const { clock, mapper, requests, answers } = newWorld({ ...AGGREGATED })
  const gadget = () => mapper.resourceFor("new.com/v1", "Gadget")
  assert.deepEqual(await Promise.all([gadget(), gadget()]), [undefined, undefined])
  assert.equal(requests.length, 2, "two callers, one discovery")
  answers["/apis"] = {
    kind: "APIGroupDiscoveryList",
    items: [
      {
        metadata: { name: "new.com" },
        versions: [{ version: "v1", resources: [aggregatedResource("gadgets", "Gadget", "Namespaced")] }],
      },
    ],
  }
  await clock.advance(1_999)
  assert.equal(await gadget(), undefined)
  assert.equal(requests.length, 2)
  await clock.advance(1)
  assert.deepEqual((await gadget())?.resource, "gadgets")
  assert.equal(await mapper.resourceFor("example.com/v1", "Widget"), undefined, "what is gone is gone")
})

test("newRestMapper: a failure is the caller's, and the next call asks again", async () => {
  const { mapper, answers } = newWorld({}, 500)
  await assert.rejects(mapper.resourceFor("v1", "ConfigMap"), StatusError)
  Object.assign(answers, AGGREGATED)
  assert.deepEqual(await mapper.resourceFor("v1", "ConfigMap"), CONFIGMAPS)
})
