import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { DEPLOYMENTS } from "./workloads.ts"

const deployment = (metadata: object): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d", generation: 3, ...metadata },
})

test("other annotations of a Deployment are another generation of it", () => {
  const before = deployment({ annotations: { a: "1" } })
  const generationOf = (annotations: object) => {
    const after = deployment({ annotations })
    DEPLOYMENTS.prepareForUpdate?.(after, before, { nowMs: 0, subresource: "" } as never)
    return after.metadata.generation
  }
  assert.equal(generationOf({ a: "1" }), 3)
  assert.equal(generationOf({ a: "2" }), 4)
})

test("a status write leaves a Deployment's labels and generation", () => {
  const before = deployment({ labels: { a: "1" } })
  const after = deployment({ labels: { a: "2" }, annotations: { b: "1" } })
  DEPLOYMENTS.prepareForUpdate?.(after, before, { nowMs: 0, subresource: "status" } as never)
  assert.deepEqual([after.metadata.labels, after.metadata.generation], [{ a: "1" }, 3])
})
