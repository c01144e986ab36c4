import assert from "node:assert/strict"
import { test } from "node:test"
import { validatePodSpec } from "./pod-spec.ts"

test("aliases of hosts have addresses and names", () => {
  const errors = validatePodSpec({ hostAliases: [{ ip: "1.2.3.4", hostnames: ["a", ""] }, {}] }, "spec")
  const told = errors.filter(({ field }) => field.startsWith("spec.hostAliases"))
  assert.deepEqual(
    told.map(({ field, reason }) => [field, reason]),
    [
      ["spec.hostAliases[0].hostnames[1]", "FieldValueInvalid"],
      ["spec.hostAliases[1].ip", "FieldValueInvalid"],
    ],
  )
})
