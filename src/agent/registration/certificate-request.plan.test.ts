import assert from "node:assert/strict"
import { test } from "node:test"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { agentSubject, isHalted, newSigningRequest, planAnswer } from "./certificate-request.plan.ts"

test("newSigningRequest: what OCM's approver compares", () => {
  assert.deepEqual(newSigningRequest("c1", "PEM", undefined), {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "c1-", labels: { "open-cluster-management.io/cluster-name": "c1" } },
    spec: {
      request: "UEVN",
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: ["digital signature", "key encipherment", "client auth"],
    },
  })
  assert.equal(newSigningRequest("c1", "PEM", 3600).spec.expirationSeconds, 3600)
  assert.deepEqual(agentSubject("c1", "a1"), {
    commonName: "system:open-cluster-management:c1:a1",
    organizations: ["system:open-cluster-management:c1", "system:open-cluster-management:managed-clusters"],
  })
})

const request = (status?: CertificateSigningRequest["status"]): CertificateSigningRequest => ({
  ...newSigningRequest("c1", "PEM", undefined),
  ...(status === undefined ? {} : { status }),
})

for (const { name, status, want } of [
  { name: "new", status: undefined, want: { state: "waiting" } },
  {
    name: "approved, not signed",
    status: { conditions: [{ type: "Approved", status: "True" as const }] },
    want: { state: "waiting" },
  },
  {
    name: "signed",
    status: { conditions: [{ type: "Approved", status: "True" as const }], certificate: "UEVN" },
    want: { state: "signed", certificate: "PEM" },
  },
  {
    name: "denied",
    status: { conditions: [{ type: "Denied", status: "True" as const, reason: "R", message: "no" }] },
    want: { state: "refused", why: "Denied: no" },
  },
  {
    name: "failed without a word",
    status: { conditions: [{ type: "Failed", status: "True" as const }] },
    want: { state: "refused", why: "Failed: no reason given" },
  },
]) {
  test(`planAnswer: ${name}`, () => assert.deepEqual(planAnswer(request(status)), want))
}

test("isHalted: ten of the cluster's own, those of add-ons and others apart", () => {
  const own = Array.from({ length: 10 }, () => request())
  const labels = { "open-cluster-management.io/cluster-name": "c1", "open-cluster-management.io/addon-name": "a" }
  const ofAddOn = { ...request(), metadata: { labels } }
  assert.equal(isHalted("c1", [...own.slice(1), ofAddOn]), false)
  assert.equal(isHalted("c2", own), false)
  assert.equal(isHalted("c1", own), true)
})

test("isHalted: what brought a certificate counts as little as what others asked for", () => {
  const condition = { type: "Approved", status: "True", lastTransitionTime: "", reason: "", message: "" } as const
  const by = (username: string) => ({ ...request(), spec: { ...request().spec, username } })
  assert.equal(
    isHalted(
      "c1",
      Array.from({ length: 10 }, () => request({ conditions: [condition] })),
    ),
    false,
  )
  const others = Array.from({ length: 10 }, () => by("somebody"))
  assert.deepEqual([isHalted("c1", others), isHalted("c1", others, "agent")], [true, false])
  assert.equal(
    isHalted(
      "c1",
      Array.from({ length: 10 }, () => by("agent")),
      "agent",
    ),
    true,
  )
})
