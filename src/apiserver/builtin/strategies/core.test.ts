import assert from "node:assert/strict"
import { test } from "node:test"
import { kindStrategyOf } from "./registry.ts"
import { newStrategy } from "./strategy.ts"

test("an update of a Secret that names no type means Opaque, and a type cannot change", () => {
  const described = {
    group: "",
    resource: "secrets",
    schemaName: "io.k8s.api.core.v1.Secret",
    statusSubresource: false,
  }
  const strategy = newStrategy(described, kindStrategyOf("", "secrets"))
  const secret = (type: object) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, ...type })
  const before = secret({ type: "example.com/x" })
  const after = secret({})
  strategy.setDefaults?.(after)
  strategy.prepareForUpdate?.(after, before, { nowMs: 0, subresource: "" } as never)
  assert.deepEqual(strategy.validateUpdate?.(after, before), [
    { field: "type", reason: "FieldValueInvalid", body: 'Invalid value: "Opaque": field is immutable' },
  ])
})
