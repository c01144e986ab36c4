import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { ANONYMOUS } from "#apiserver/authentication/user.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "./certificates.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const newRequest = (...types: string[]): UnknownObject => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name: "x" },
  spec: {},
  status: { conditions: types.map((type) => ({ type, status: "True" })) },
})
const context = (subresource: string) => ({ user: ANONYMOUS, nowMs: NOW_MS, subresource })
const typesOf = (request: UnknownObject) =>
  (request["status"] as { conditions: { type: string }[] }).conditions.map(({ type }) => type)

test("an approval may say other things beside its decision", () => {
  const request = newRequest("Approved", "Checked")
  CERTIFICATE_SIGNING_REQUESTS.prepareForUpdate?.(request, newRequest(), context("approval"))
  assert.deepEqual(typesOf(request), ["Approved", "Checked"])
})

test("a status does not decide", () => {
  const refused = CERTIFICATE_SIGNING_REQUESTS.admit?.(newRequest("Approved"), newRequest(), context("status"))
  assert.equal(
    refused?.message,
    'CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  )
  assert.equal(CERTIFICATE_SIGNING_REQUESTS.admit?.(newRequest("Failed"), newRequest(), context("status")), undefined)
})
