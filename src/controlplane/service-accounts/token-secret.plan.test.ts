import assert from "node:assert/strict"
import { test } from "node:test"
import type { Secret, ServiceAccount } from "#api/kubernetes/core.ts"
import { planTokenSecret } from "./token-secret.plan.ts"

const account: ServiceAccount = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "sa", uid: "u1" } }
const newSecret = (data?: Record<string, string>, uid?: string): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    name: "s",
    namespace: "ns",
    resourceVersion: "7",
    annotations: {
      "kubernetes.io/service-account.name": "sa",
      ...(uid === undefined ? {} : { "kubernetes.io/service-account.uid": uid }),
    },
  },
  type: "kubernetes.io/service-account-token",
  ...(data === undefined ? {} : { data }),
})
const options = { caPem: "CA", issue: () => "TOKEN" }
const base64 = (text: string) => Buffer.from(text).toString("base64")
const FULL = { "ca.crt": base64("CA"), namespace: base64("ns"), token: base64("TOKEN") }

test("planTokenSecret: fills in what is missing, once", () => {
  const [write] = planTokenSecret(newSecret(), account, options).actions
  assert.deepEqual(write?.do === "patch" && write.patch, {
    metadata: { annotations: { "kubernetes.io/service-account.uid": "u1" } },
    data: FULL,
  })
  assert.deepEqual(planTokenSecret(newSecret(FULL, "u1"), account, options).actions, [])
})

test("planTokenSecret: another authority is put right, the token stays", () => {
  const [write] = planTokenSecret(newSecret({ ...FULL, "ca.crt": "x" }, "u1"), account, options).actions
  assert.deepEqual(write?.do === "patch" && write.patch["data"], { "ca.crt": base64("CA") })
})

for (const { name, given, secret } of [
  { name: "gone", given: undefined, secret: newSecret() },
  { name: "another one of that name", given: account, secret: newSecret(FULL, "u0") },
]) {
  test(`planTokenSecret: it goes when its account is ${name}`, () => {
    assert.deepEqual(
      planTokenSecret(secret, given, options).actions.map((action) => action.do),
      ["delete"],
    )
  })
}

test("planTokenSecret: other secrets are left alone", () => {
  assert.deepEqual(planTokenSecret({ ...newSecret(), type: "Opaque" }, undefined, options).actions, [])
})
