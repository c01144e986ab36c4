import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import { formatChecks } from "./check.ts"
import { newClusterTally, planChecks, tallyCluster, type SeenHub } from "./doctor.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const ago = (ms: number) => new Date(NOW_MS - ms).toISOString()
const leader = (agoMs: number, holderIdentity = "hub-1"): Lease => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "hawser-hub" },
  spec: { holderIdentity, renewTime: ago(agoMs), leaseDurationSeconds: 15 },
})
const request = (ageMs: number, decided = false): CertificateSigningRequest => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: {
    name: "c9-x",
    creationTimestamp: ago(ageMs),
    labels: { "open-cluster-management.io/cluster-name": "c9" },
  },
  spec: { request: "", signerName: "" },
  status: { conditions: decided ? [{ type: "Approved", status: "True", reason: "", message: "" }] : [] },
})
const well: SeenHub = {
  server: "https://hub",
  version: "v1.35.4",
  tookMs: 12.4,
  skewMs: 100,
  missingKinds: [],
  certificateEndsMs: undefined,
  leader: leader(2_000),
  requests: [request(1_000), request(600_000, true)],
  clusters: { ...newClusterTally(), total: 3, available: 3 },
  works: { total: 2, refused: [], missing: [], drifting: [] },
  nowMs: NOW_MS,
}

test("doctor: all well", () => {
  assert.equal(
    formatChecks(planChecks(well)),
    `✓ hub          https://hub answers in 12 ms, v1.35.4
✓ hub          serves all kinds of Hawser's
✓ controllers  led by hub-1
✓ clusters     3 of 3 are available
✓ works        2 of 2 are applied and available
`,
  )
})

for (const { name, seen, want } of [
  { name: "slow", seen: { tookMs: 3000 }, want: "warn hub: https://hub answers in 3000 ms, v1.35.4" },
  {
    name: "kinds missing",
    seen: { missingKinds: ["Placement"] },
    want: "bad hub: does not serve Placement -> hawser init",
  },
  {
    name: "clocks apart",
    seen: { skewMs: -61_000 },
    want: "warn hub: its clock differs from this machine's by -61 s -> set both by NTP: leases and certificates depend on it",
  },
  {
    name: "own certificate",
    seen: { certificateEndsMs: NOW_MS + 3 * 24 * 3600_000 },
    want: "warn hub: your client certificate ends in 3d",
  },
  {
    name: "one process",
    seen: { leader: undefined },
    want: "ok controllers: keep up; nobody leads by a lease, as in a fleet of one process",
  },
  {
    name: "nobody leads",
    seen: { leader: leader(31_000) },
    want: "bad controllers: nobody leads: the lease was renewed 31s ago by hub-1 -> start `hawser hub`, or look into its log",
  },
  {
    name: "let go",
    seen: { leader: leader(1_000, "") },
    want: "bad controllers: nobody leads: the lease was renewed 1s ago by nobody -> start `hawser hub`, or look into its log",
  },
  {
    name: "asleep",
    seen: { clusters: { ...newClusterTally(), ignored: ["c1"] } },
    want: "bad controllers: c1 is let in, and no controller has taken notice -> start `hawser hub`, or look into its log",
  },
  {
    name: "requests",
    seen: { requests: [request(61_000)] },
    want: "warn joining: 1 requests for certificates wait to be approved, of c9 -> hawser accept c9",
  },
  {
    name: "silent",
    seen: { clusters: { ...newClusterTally(), total: 9, available: 1, silent: ["a", "b", "c", "d", "e", "f", "g"] } },
    want: "bad clusters: a, b, c, d, e and 2 more are not heard of -> hawser explain cluster a",
  },
  {
    name: "waiting",
    seen: { clusters: { ...newClusterTally(), waiting: ["a"] } },
    want: "warn clusters: a is waiting to be let in -> hawser accept a",
  },
  {
    name: "works",
    seen: { works: { total: 3, refused: ["c1/a"], missing: ["c1/b"], drifting: ["c1/c"] } },
    want: "bad works: c1/a is not applied: refused on the cluster -> hawser explain work c1/a",
  },
] as { name: string; seen: Partial<SeenHub>; want: string }[]) {
  test(`doctor: ${name}`, () => {
    const told = planChecks({ ...well, ...seen }).map(
      ({ about, status, says, next }) => `${status} ${about}: ${says}${next === undefined ? "" : ` -> ${next}`}`,
    )
    assert.ok(told.includes(want), told.join("\n"))
  })
}

const is = (type: string, status: Condition["status"]): Condition => ({
  type,
  status,
  reason: "",
  message: "",
  lastTransitionTime: "",
})
const ACCEPTED = is("HubAcceptedManagedCluster", "True")
const JOINED = is("ManagedClusterJoined", "True")
const AVAILABLE = "ManagedClusterConditionAvailable"

for (const { name, accepts = true, conditions, meta = {}, want } of [
  { name: "well", conditions: [ACCEPTED, JOINED, is(AVAILABLE, "True")], want: [] },
  { name: "waits", accepts: false, conditions: [], want: ["waiting"] },
  { name: "ignored", conditions: [], want: ["ignored"] },
  { name: "fresh", conditions: [], meta: { creationTimestamp: ago(1_000) }, want: [] },
  { name: "fresh and accepted", conditions: [ACCEPTED], meta: { creationTimestamp: ago(1_000) }, want: [] },
  { name: "never joined", conditions: [ACCEPTED], want: ["silent"] },
  { name: "silent", conditions: [ACCEPTED, JOINED, is(AVAILABLE, "Unknown")], want: ["silent"] },
  { name: "down", conditions: [ACCEPTED, JOINED, is(AVAILABLE, "False")], want: ["unhealthy"] },
  { name: "leaving", conditions: [], meta: { deletionTimestamp: ago(0) }, want: ["leaving"] },
  {
    name: "skewed and not renewed",
    conditions: [
      ACCEPTED,
      JOINED,
      is(AVAILABLE, "True"),
      is("ManagedClusterConditionClockSynced", "False"),
      is("ClusterCertificateRotated", "False"),
    ],
    want: ["skewed", "unrenewed"],
  },
]) {
  test(`tallyCluster: ${name}`, () => {
    const cluster: ManagedCluster = {
      apiVersion: "",
      kind: "",
      metadata: { name: "c", creationTimestamp: ago(3600_000), ...meta },
      spec: { hubAcceptsClient: accepts },
      status: { conditions },
    }
    const tally = newClusterTally()
    tallyCluster(tally, cluster, NOW_MS)
    assert.deepEqual(
      Object.entries(tally).flatMap(([kind, found]) => (Array.isArray(found) && found.length > 0 ? [kind] : [])),
      want,
    )
  })
}
