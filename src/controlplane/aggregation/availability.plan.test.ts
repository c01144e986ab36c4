import assert from "node:assert/strict"
import { test } from "node:test"
import type { ApiService } from "#api/kubernetes/apiregistration.ts"
import type { Service } from "#api/kubernetes/core.ts"
import type { EndpointSlice } from "#api/kubernetes/discovery.ts"
import { availableConditions, failedCheck, judgeService, PASSED } from "./availability.plan.ts"

const api = (port?: number): ApiService => ({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  metadata: { name: "v1.example.com" },
  spec: {
    group: "example.com",
    version: "v1",
    groupPriorityMinimum: 1,
    versionPriority: 1,
    service: { namespace: "n", name: "s", ...(port === undefined ? {} : { port }) },
  },
})
const service = (spec: object): Service =>
  ({ apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "n" }, spec }) as Service
const slice = (endpoints: object[], ports: object[]): EndpointSlice =>
  ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {},
    endpoints,
    ports,
  }) as unknown as EndpointSlice

const named = service({ ports: [{ name: "https", port: 443 }] })
const reason = (...args: Parameters<typeof judgeService>) => judgeService(...args)?.reason

test("what the objects lack is told before anybody is asked", () => {
  assert.equal(reason(api(), undefined, []), "ServiceNotFound")
  assert.equal(reason(api(8443), named, []), "ServicePortError")
  assert.equal(reason(api(), named, []), "EndpointsNotFound")
  assert.equal(
    reason(api(), named, [slice([{ conditions: { ready: false } }], [{ name: "https", port: 1 }])]),
    "MissingEndpoints",
  )
  assert.equal(reason(api(), named, [slice([{}], [{ name: "other", port: 1 }])]), "MissingEndpoints")
  assert.equal(judgeService(api(), named, [slice([{}], [{ name: "https", port: 1 }])]), undefined)
  const why = judgeService(api(8443), named, [])?.message
  assert.equal(why, 'service/s in "n" is not listening on port 8443')
})

test("a service of another type is asked without more ado", () => {
  assert.equal(judgeService(api(), service({ type: "ExternalName", externalName: "x" }), []), undefined)
})

test("a condition keeps its time while its status stays, and is not written twice", () => {
  const first = availableConditions(api(), PASSED, "t1")!
  assert.deepEqual(first, [{ type: "Available", ...PASSED, lastTransitionTime: "t1" }])
  const passed = { ...api(), status: { conditions: [...first] } }
  assert.equal(availableConditions(passed, PASSED, "t2"), undefined)
  const [failed] = availableConditions(passed, failedCheck("no"), "t2")!
  assert.equal(failed?.lastTransitionTime, "t2")
  const again = { ...api(), status: { conditions: [failed!] } }
  assert.equal(availableConditions(again, failedCheck("still no"), "t3")?.[0]?.lastTransitionTime, "t2")
})
