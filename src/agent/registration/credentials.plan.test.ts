import assert from "node:assert/strict"
import { test } from "node:test"
import type { Clock } from "#lib/clock.ts"
import { seededRandom } from "#lib/random.ts"
import { newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import { planBootstrap, planJoinAddress, planRotation, planSameHub } from "./credentials.plan.ts"
import type { ObservedBootstrap } from "./credentials.plan.ts"

const NOW_MS = Date.parse("2026-01-01T00:00:00Z")
const DAY_MS = 24 * 3600_000
const random = seededRandom(1)
const clock: Clock = { nowMs: () => NOW_MS, setTimer: () => ({ cancel() {} }) }
const ca = newCertificateAuthority({ commonName: "hub", clock, random })
const key = newPrivateKey(random)
const SUBJECT = {
  commonName: "system:open-cluster-management:c1:a1",
  organizations: ["system:open-cluster-management:c1", "system:open-cluster-management:managed-clusters"],
}
const issue = (subject = SUBJECT) =>
  certificatePem(
    signCertificate({
      ca,
      random,
      subject,
      publicKey: key,
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + DAY_MS,
      usages: ["clientAuth"],
    }),
  )

const hub = { server: "https://hub", ca: "CA", clusterEntry: "hub" }
const moved = { server: "https://moved", ca: "NEW", clusterEntry: "hub" }
const stored = { clusterName: "c1", agentName: "a1", hub, certificate: issue(), key: privateKeyPem(key) }

function observed(change: Partial<ObservedBootstrap> = {}): ObservedBootstrap {
  return {
    stored,
    bootstrap: hub,
    clusterName: "c1",
    agentName: "a1",
    refused: false,
    nowMs: NOW_MS + DAY_MS / 2,
    ...change,
  }
}

for (const { name, given, step, why } of [
  { name: "good", given: observed(), step: "use" },
  {
    name: "good, no bootstrap credentials, any agent",
    given: observed({ bootstrap: undefined, agentName: undefined }),
    step: "use",
  },
  {
    name: "detached",
    given: observed({ stored: { ...stored, detached: { uid: "u", workloads: "remove" } } }),
    step: "depart",
  },
  {
    name: "detached, its certificate expired since",
    given: observed({
      stored: { ...stored, detached: { uid: "u", workloads: "remove" } },
      nowMs: NOW_MS + 900 * DAY_MS,
    }),
    step: "depart",
  },
  {
    name: "detached from another hub",
    given: observed({
      stored: { ...stored, detached: { uid: "u", workloads: "remove" } },
      bootstrap: { ...hub, server: "https://other" },
    }),
    step: "bootstrap",
    why: "the stored credentials are for another hub: server differs",
  },
  { name: "at the last instant", given: observed({ nowMs: NOW_MS + DAY_MS }), step: "use" },
  {
    name: "one second later",
    given: observed({ nowMs: NOW_MS + DAY_MS + 1000 }),
    step: "bootstrap",
    why: "the stored certificate has expired",
  },
  {
    name: "nothing stored",
    given: observed({ stored: undefined }),
    step: "bootstrap",
    why: "there are no stored credentials",
  },
  {
    name: "nothing at all",
    given: observed({ stored: undefined, bootstrap: undefined }),
    step: "stuck",
    why: "there are no stored credentials",
  },
  {
    name: "refused",
    given: observed({ refused: true }),
    step: "bootstrap",
    why: "the hub refused the stored credentials",
  },
  {
    name: "another server",
    given: observed({ bootstrap: { ...hub, server: "https://other" } }),
    step: "bootstrap",
    why: "the stored credentials are for another hub: server differs",
  },
  {
    name: "another authority",
    given: observed({ bootstrap: { ...hub, ca: "OTHER" } }),
    step: "bootstrap",
    why: "the stored credentials are for another hub: ca differs",
  },
  {
    name: "another name of the kubeconfig's cluster entry",
    given: observed({ bootstrap: { ...hub, clusterEntry: "other" } }),
    step: "bootstrap",
    why: "the stored credentials are for another hub: clusterEntry differs",
  },
  {
    name: "the hub has moved, and the bootstrap credentials have not",
    given: observed({ stored: { ...stored, hub: moved, joinedAt: hub } }),
    step: "use",
  },
  {
    name: "the hub has moved, and so have the bootstrap credentials",
    given: observed({ stored: { ...stored, hub: moved, joinedAt: hub }, bootstrap: moved }),
    step: "use",
  },
  {
    name: "the hub has moved, and the bootstrap credentials name another one",
    given: observed({ stored: { ...stored, hub: moved, joinedAt: hub }, bootstrap: { ...hub, ca: "OTHER" } }),
    step: "bootstrap",
    why: "the stored credentials are for another hub: ca differs",
  },
  {
    name: "detached from a hub that had moved before",
    given: observed({ stored: { ...stored, hub: moved, joinedAt: hub, detached: { uid: "u", workloads: "keep" } } }),
    step: "depart",
  },
  {
    name: "another cluster",
    given: observed({ clusterName: "c2" }),
    step: "bootstrap",
    why: "the stored credentials are those of cluster c1",
  },
  {
    name: "another agent",
    given: observed({ agentName: "a2" }),
    step: "bootstrap",
    why: "the stored credentials are those of agent a1",
  },
  {
    name: "a certificate of somebody else",
    given: observed({ stored: { ...stored, certificate: issue({ ...SUBJECT, commonName: "somebody" }) } }),
    step: "bootstrap",
    why: "the stored certificate is for somebody, not system:open-cluster-management:c1:a1",
  },
  {
    name: "a certificate without the group",
    given: observed({ stored: { ...stored, certificate: issue({ ...SUBJECT, organizations: [] }) } }),
    step: "bootstrap",
    why: "the stored certificate lacks the cluster's group",
  },
  {
    name: "a key that does not fit",
    given: observed({ stored: { ...stored, key: privateKeyPem(newPrivateKey(random)) } }),
    step: "bootstrap",
    why: "the stored key is not that of the certificate",
  },
  {
    name: "a broken key",
    given: observed({ stored: { ...stored, key: "nonsense" } }),
    step: "bootstrap",
    why: "the stored key cannot be read",
  },
  {
    name: "a broken certificate",
    given: observed({ stored: { ...stored, certificate: "nonsense" } }),
    step: "bootstrap",
    why: "the stored certificate cannot be read",
  },
]) {
  test(`planBootstrap: ${name}`, () => {
    const plan = planBootstrap(given)
    assert.deepEqual({ step: plan.step, why: "why" in plan ? plan.why : undefined }, { step, why })
  })
}

const known = { ...stored, clusterUid: "u" }
for (const { name, given, want } of [
  {
    name: "another address and authority",
    given: observed({ stored: { ...known, joinedAt: hub }, bootstrap: moved }),
    want: { ...known, hub: moved },
  },
  { name: "never seen by its hub", given: observed({ bootstrap: moved }), want: undefined },
  { name: "refused", given: observed({ stored: known, bootstrap: moved, refused: true }), want: undefined },
  {
    name: "expired",
    given: observed({ stored: known, bootstrap: moved, nowMs: NOW_MS + 2 * DAY_MS }),
    want: undefined,
  },
  {
    name: "another cluster's",
    given: observed({ stored: known, bootstrap: moved, clusterName: "c2" }),
    want: undefined,
  },
  { name: "nothing stored", given: observed({ stored: undefined, bootstrap: moved }), want: undefined },
  { name: "no bootstrap", given: observed({ stored: known, bootstrap: undefined }), want: undefined },
]) {
  test(`planSameHub: ${name}`, () => assert.deepEqual(planSameHub(given), want))
}

for (const { name, joinedAt, failures, want } of [
  { name: "never moved", joinedAt: undefined, failures: 0, want: hub },
  { name: "moved: where it is by now", joinedAt: hub, failures: 0, want: moved },
  { name: "not found there: where the file says", joinedAt: hub, failures: 1, want: hub },
  { name: "not found there either", joinedAt: hub, failures: 2, want: moved },
  { name: "the file names another hub since", joinedAt: { ...hub, server: "https://other" }, failures: 0, want: hub },
]) {
  test(`planJoinAddress: ${name}`, () => {
    const credentials = { ...stored, hub: moved, ...(joinedAt === undefined ? {} : { joinedAt }) }
    assert.deepEqual(planJoinAddress(credentials, hub, failures), want)
  })
}

for (const { name, draw, atMs, waitMs } of [
  { name: "a draw of 0 rotates with a fifth left", draw: 0, atMs: 0, waitMs: DAY_MS * 0.8 },
  { name: "a draw of 1 rotates with a quarter left", draw: 1, atMs: 0, waitMs: DAY_MS * 0.75 },
  { name: "one ms before", draw: 0, atMs: DAY_MS * 0.8 - 1, waitMs: 1 },
  { name: "at its time", draw: 0, atMs: DAY_MS * 0.8, waitMs: 0 },
  { name: "long after", draw: 0, atMs: DAY_MS * 2, waitMs: 0 },
]) {
  test(`planRotation: ${name}`, () => {
    const certificate = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + DAY_MS }
    assert.equal(planRotation(certificate, draw, NOW_MS + atMs).waitMs, waitMs)
  })
}
