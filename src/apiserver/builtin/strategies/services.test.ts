import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { seededRandom } from "#lib/random.ts"
import { newServiceStrategy } from "./services.ts"

const STRATEGY = newServiceStrategy({ random: seededRandom(1) })
const service = (spec: object): UnknownObject => ({ apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec })

for (const { spec, want } of [
  { spec: { type: "ClusterIP", externalIPs: ["1.2.3.4"] }, want: [] },
  { spec: { type: "ExternalName", externalName: "x" }, want: [] },
  {
    spec: { type: "ExternalName", externalIPs: ["1.2.3.4"] },
    want: ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
  },
  {
    spec: { type: "ClusterIP", externalName: "x" },
    want: ['spec.externalName is ignored when spec.type is not "ExternalName"'],
  },
]) {
  test(`warnings about a service: ${JSON.stringify(spec)}`, () => {
    assert.deepEqual(STRATEGY.warnings?.(service(spec)), want)
  })
}

test("a service that is no longer reached from outside loses the policy for that", () => {
  const before = service({ type: "ClusterIP", externalIPs: ["1.2.3.4"], externalTrafficPolicy: "Cluster" })
  const after = service({ type: "ExternalName", externalIPs: ["1.2.3.4"], externalTrafficPolicy: "Cluster" })
  STRATEGY.prepareForUpdate?.(after, before, { nowMs: 0, subresource: "" } as never)
  assert.deepEqual(after["spec"], { type: "ExternalName", externalIPs: ["1.2.3.4"] })
})
