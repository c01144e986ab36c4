import assert from "node:assert/strict"
import { test } from "node:test"
import { validateScale } from "./scale-validation.ts"

const scale = { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n", labelSelectorPath: ".status.s" }

// The messages are kube-apiserver's.
for (const [object, ...want] of [
  [{}],
  [{ spec: { n: 3 }, status: { n: 0, s: "a=b" } }],
  [{ spec: { n: -1 } }, ".spec.n: Invalid value: -1: should be a non-negative integer"],
  [{ spec: { n: 2 ** 31 } }, ".spec.n: Invalid value: 2147483648: should be less than or equal to 2147483647"],
  [{ spec: { n: "x" } }, ".spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, expected int64"],
  [
    { spec: "x" },
    ".spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, expected map[string]interface{}",
  ],
  [
    { status: { n: -2, s: 5 } },
    ".status.n: Invalid value: -2: should be a non-negative integer",
    '.status.s: Invalid value: "": .status.s accessor error: 5 is of the type int64, expected string',
  ],
] as const) {
  test(`validateScale: ${JSON.stringify(object)}`, () => {
    const errors = validateScale(scale, { apiVersion: "a/v1", kind: "A", metadata: {}, ...object })
    assert.deepEqual(
      errors.map(({ field, body }) => `${field}: ${body}`),
      want,
    )
  })
}
