import assert from "node:assert/strict"
import { test } from "node:test"
import type { Endpoints } from "#api/kubernetes/core.ts"
import type { EndpointSlice } from "#api/kubernetes/discovery.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import { planMirror } from "./mirroring.plan.ts"

const slicesOf = (endpoints: Endpoints) =>
  writesOf(planMirror(endpoints, []).actions).flatMap((write) =>
    write.do === "create" ? [write.object as EndpointSlice] : [],
  )

test("planMirror: Endpoints by hand become slices, by kind of address, and go with them", () => {
  const endpoints: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "web", namespace: "ns", uid: "e" },
    subsets: [
      {
        addresses: [{ ip: "1.2.3.4" }, { ip: "fd00::1" }],
        notReadyAddresses: [{ ip: "1.2.3.5" }],
        ports: [{ port: 80 }],
      },
    ],
  }
  const slices = slicesOf(endpoints)
  assert.deepEqual(
    slices.map((slice) => slice.endpoints?.map((e) => `${e.addresses[0]} ${e.conditions?.ready}`)),
    [["1.2.3.4 true", "1.2.3.5 false"], ["fd00::1 true"]],
  )
  assert.deepEqual(planMirror(endpoints, slices).actions, [])
  const skipped = {
    ...endpoints,
    metadata: { ...endpoints.metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
  }
  assert.equal(planMirror(skipped, slices).actions.length, 2)
})
