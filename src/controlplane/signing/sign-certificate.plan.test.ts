import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority } from "#lib/x509/authority.ts"
import { certificatePublicKey, distrustReason, issuersAmong, parseCertificate } from "#lib/x509/certificate.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { isSameKey, newPrivateKey } from "#lib/x509/keys.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { planCertificateSigning } from "./sign-certificate.plan.ts"

const NOW_MS = Date.UTC(2026, 0, 1)
const MINUTE_MS = 60_000
const random = seededRandom(1)
const clock = { nowMs: () => NOW_MS, setTimer: () => assert.fail("no timer is needed") }
const ca = newCertificateAuthority({ commonName: "ca", clock, random })
const shortCa = newCertificateAuthority({ commonName: "ca", clock, random, lifetimeMs: 30 * DAY_MS })
const key = newPrivateKey(random)

const APPROVED = { type: "Approved", status: "True" as const }
const CLIENT_USAGES = ["digital signature", "key encipherment", "client auth"]
type CsrOptions = Omit<Parameters<typeof createCsr>[0], "key">

const AGENT: CsrOptions = {
  commonName: "system:open-cluster-management:c1:a",
  organizations: ["system:open-cluster-management:c1"],
}
const NODE: CsrOptions = { commonName: "system:node:n", organizations: ["system:nodes"] }

function csr(
  request: CsrOptions | string,
  spec: Partial<CertificateSigningRequest["spec"]> = {},
  status: CertificateSigningRequest["status"] | null = { conditions: [APPROVED] },
): CertificateSigningRequest {
  const pem = typeof request === "string" ? request : createCsr({ key, ...request })
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "x", uid: "uid", resourceVersion: "7" },
    spec: {
      request: Buffer.from(pem).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: CLIENT_USAGES,
      ...spec,
    },
    ...(status === null ? {} : { status }),
  }
}
const plan = (request: CertificateSigningRequest, authority = ca, nowMs = NOW_MS) =>
  planCertificateSigning({ request, ca: authority, nowMs, random })

function patchedStatus(request: CertificateSigningRequest, authority = ca, nowMs = NOW_MS): Record<string, unknown> {
  const [action, ...others] = plan(request, authority, nowMs).actions
  assert.equal(others.length, 0)
  assert.ok(action?.do === "patch")
  assert.deepEqual(
    [action.key, action.subresource, action.uid, action.resourceVersion],
    [{ name: "x" }, "status", "uid", "7"],
  )
  return action.patch["status"] as Record<string, unknown>
}
const issued = (request: CertificateSigningRequest, authority = ca, nowMs = NOW_MS) =>
  parseCertificate(Buffer.from(String(patchedStatus(request, authority, nowMs)["certificate"]), "base64").toString())

test("planCertificateSigning: an agent's certificate", () => {
  const certificate = issued(csr({ ...AGENT, dnsNames: ["a.addon.open-cluster-management.io"] }))
  assert.equal(
    distrustReason(certificate, {
      issuers: issuersAmong([ca.certificate], certificate),
      nowMs: NOW_MS,
      usage: "clientAuth",
    }),
    undefined,
  )
  assert.deepEqual(
    [certificate.subject.commonName, certificate.subject.organizations],
    [AGENT.commonName, AGENT.organizations],
  )
  assert.deepEqual(certificate.altNames?.dnsNames, ["a.addon.open-cluster-management.io"])
  assert.deepEqual(
    [certificate.keyUsages, certificate.extendedUsages, certificate.isCa],
    [["digitalSignature", "keyEncipherment"], ["clientAuth"], false],
  )
  assert.ok(isSameKey(certificatePublicKey(certificate), key))
})

for (const { name, expirationSeconds, authority = ca, want } of [
  { name: "nothing asked: a year", want: 365 * DAY_MS - 5 * MINUTE_MS },
  { name: "two years asked: a year", expirationSeconds: 2 * 365 * 86_400, want: 365 * DAY_MS - 5 * MINUTE_MS },
  { name: "8 hours: backdated at both ends", expirationSeconds: 8 * 3600, want: 8 * 60 * MINUTE_MS - 5 * MINUTE_MS },
  { name: "an hour: in full", expirationSeconds: 3600, want: 60 * MINUTE_MS },
  { name: "a minute asked: ten", expirationSeconds: 60, want: 10 * MINUTE_MS },
  { name: "no longer than the authority", authority: shortCa, want: 30 * DAY_MS },
]) {
  test(`planCertificateSigning: validity: ${name}`, () => {
    const certificate = issued(csr(AGENT, expirationSeconds === undefined ? {} : { expirationSeconds }), authority)
    assert.deepEqual([certificate.notBeforeMs - NOW_MS, certificate.notAfterMs - NOW_MS], [-5 * MINUTE_MS, want])
  })
}

for (const { name, request, authority = ca, nowMs = NOW_MS, why } of [
  { name: "not approved", request: csr(AGENT, {}, {}), why: ["waits for approval"] },
  { name: "no status", request: csr(AGENT, {}, null), why: ["waits for approval"] },
  { name: "denied", request: csr(AGENT, {}, { conditions: [{ type: "Denied", status: "True" }] }), why: undefined },
  {
    name: "failed",
    request: csr(AGENT, {}, { conditions: [APPROVED, { type: "Failed", status: "True" }] }),
    why: undefined,
  },
  { name: "signed already", request: csr(AGENT, {}, { conditions: [APPROVED], certificate: "Cg==" }), why: undefined },
  { name: "for someone else", request: csr(AGENT, { signerName: "open-cluster-management.io/grpc" }), why: undefined },
  { name: "for a name of Object's", request: csr(AGENT, { signerName: "constructor" }), why: undefined },
  {
    name: "by an authority that has expired",
    request: csr(AGENT),
    authority: shortCa,
    nowMs: NOW_MS + 30 * DAY_MS,
    why: ["the signing authority has expired"],
  },
]) {
  test(`planCertificateSigning: nothing is done: ${name}`, () => {
    const { actions, why: found } = plan(request, authority, nowMs)
    assert.deepEqual([actions, found], [[], why])
  })
}

const KUBELET_CLIENT = { signerName: "kubernetes.io/kube-apiserver-client-kubelet" }
const KUBELET_SERVING = { signerName: "kubernetes.io/kubelet-serving", usages: ["digital signature", "server auth"] }
for (const { name, request, want } of [
  {
    name: "an administrator",
    request: csr({ commonName: "u", organizations: ["system:masters"] }),
    want: /system:masters is not allowed/,
  },
  {
    name: "a client that serves",
    request: csr(AGENT, { usages: [...CLIENT_USAGES, "server auth"] }),
    want: /^invalid usage for client certificate: server auth$/,
  },
  {
    name: "a client that is none",
    request: csr(AGENT, { usages: ["digital signature"] }),
    want: /^missing required usage for client certificate: client auth$/,
  },
  { name: "a request that is junk", request: csr("junk"), want: /Cannot read certificate request/ },
  {
    name: "an unknown usage",
    request: csr(AGENT, { signerName: "kubernetes.io/legacy-unknown", usages: ["toString"] }),
    want: /^unrecognized usage values: \["toString"\]$/,
  },
  {
    name: "a kubelet in another group",
    request: csr({ ...NODE, organizations: ["system:nodes", "x"] }, KUBELET_CLIENT),
    want: /^subject organization is not system:nodes$/,
  },
  {
    name: "a kubelet with another name",
    request: csr({ ...NODE, commonName: "n" }, KUBELET_CLIENT),
    want: /does not begin with system:node:$/,
  },
  {
    name: "a kubelet's client with a host name",
    request: csr({ ...NODE, dnsNames: ["n"] }, KUBELET_CLIENT),
    want: /^DNS subjectAltNames are not allowed$/,
  },
  {
    name: "a kubelet's client with an address",
    request: csr({ ...NODE, ipAddresses: ["1.2.3.4"] }, KUBELET_CLIENT),
    want: /^IP subjectAltNames are not allowed$/,
  },
  {
    name: "a kubelet's client for all uses",
    request: csr(NODE, { ...KUBELET_CLIENT, usages: [...CLIENT_USAGES, "any"] }),
    want: /^usages did not match/,
  },
  {
    name: "a kubelet's server without a name",
    request: csr(NODE, KUBELET_SERVING),
    want: /^DNS or IP subjectAltName is required$/,
  },
  {
    name: "a kubelet's server for clients",
    request: csr({ ...NODE, dnsNames: ["n"] }, { ...KUBELET_SERVING, usages: CLIENT_USAGES }),
    want: /^usages did not match/,
  },
]) {
  test(`planCertificateSigning: refused for good: ${name}`, () => {
    const [approved, failed] = patchedStatus(request)["conditions"] as {
      type: string
      status: string
      reason: string
      message: string
    }[]
    assert.deepEqual(approved, APPROVED)
    assert.deepEqual([failed?.type, failed?.status, failed?.reason], ["Failed", "True", "SignerValidationFailure"])
    assert.match(failed!.message, want)
  })
}

test("planCertificateSigning: kubelets", () => {
  assert.deepEqual(issued(csr(NODE, KUBELET_CLIENT)).extendedUsages, ["clientAuth"])
  const serving = issued(csr({ ...NODE, dnsNames: ["n"], ipAddresses: ["1.2.3.4"] }, KUBELET_SERVING))
  assert.deepEqual(
    [serving.extendedUsages, serving.keyUsages, serving.altNames?.ipAddresses],
    [["serverAuth"], ["digitalSignature"], ["1.2.3.4"]],
  )
})
