import assert from "node:assert/strict"
import { test } from "node:test"
import { detachedLease } from "#api/cluster/detached.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import { formatMicroTime } from "#lib/clock.ts"
import { explainCluster, type SeenCluster } from "./cluster.plan.ts"
import { formatExplanation } from "./explanation.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const MINUTE_MS = 60_000
const is = (type: string, status: Condition["status"], reason = "Because", message = ""): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-01-02T03:00:05Z",
})
const ACCEPTED = is("HubAcceptedManagedCluster", "True")
const JOINED = is("ManagedClusterJoined", "True")
const available = (status: Condition["status"]) => is("ManagedClusterConditionAvailable", status, "Told", "its words")

const cluster = (
  conditions: Condition[],
  more: Partial<ManagedCluster["spec"]> = {},
  meta: object = {},
): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c1", uid: "u1", ...meta },
  spec: { hubAcceptsClient: true, ...more },
  status: { conditions },
})
const request = (types: string[], certificate?: string): CertificateSigningRequest => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name: "c1-abc", creationTimestamp: "2026-01-02T03:03:05Z" },
  spec: { request: "", signerName: "", username: "system:bootstrap:ocmhub" },
  status: {
    conditions: types.map((type) => ({ type, status: "True" as const, reason: "R", message: "told why" })),
    ...(certificate === undefined ? {} : { certificate }),
  },
})
const lease = (agoMs: number): Lease => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "managed-cluster-lease", namespace: "c1" },
  spec: { renewTime: formatMicroTime(NOW_MS - agoMs) },
})
const work = (name: string, conditions: Condition[], finalizers: string[] = []): ManifestWork => ({
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: { name, namespace: "c1", finalizers },
  spec: {},
  status: { conditions },
})
const seen = (more: Partial<SeenCluster>): SeenCluster => ({
  name: "c1",
  cluster: undefined,
  requests: [],
  lease: undefined,
  detached: undefined,
  works: [],
  nowMs: NOW_MS,
  ...more,
})
const waiting = cluster([ACCEPTED])
const tombstone = { uid: "u1", detachedMs: NOW_MS - MINUTE_MS, workloads: "remove" } as const

for (const { name, given, verdict, next, says } of [
  {
    name: "nothing of that name",
    given: seen({}),
    verdict: 'The hub has no cluster "c1", and none has asked to join under that name',
    next: /hawser token/,
  },
  {
    name: "detached, not cleared",
    given: seen({ detached: detachedLease("c1", [tombstone]) }),
    verdict: "c1 was detached",
    says: "detached at 2026-01-02T03:03:05Z; its agent has not come back to clear up",
    next: /hawser join/,
  },
  {
    name: "detached and cleared",
    given: seen({ detached: detachedLease("c1", [{ ...tombstone, clearedMs: NOW_MS - 1000 }]) }),
    verdict: "c1 was detached",
    says: "detached at 2026-01-02T03:03:05Z; its agent cleared up 1s ago",
    next: /hawser join/,
  },
  {
    name: "asked for a certificate alone",
    given: seen({ requests: [request([])] }),
    verdict: "c1 has asked for a certificate, and there is no ManagedCluster of that name",
    says: "pending, asked for 60s ago by system:bootstrap:ocmhub",
  },
  {
    name: "not let in",
    given: seen({ cluster: cluster([], { hubAcceptsClient: false }), requests: [request([])] }),
    verdict: "c1 waits to be let in",
    next: /^hawser accept c1$/,
  },
  {
    name: "denied",
    given: seen({
      cluster: cluster([is("HubAcceptedManagedCluster", "False", "HubClusterAdminDenied")], {
        hubAcceptsClient: false,
      }),
    }),
    verdict: "c1 was denied",
    says: "HubAcceptedManagedCluster=False (HubClusterAdminDenied)",
    next: /^hawser accept c1$/,
  },
  {
    name: "the hub does not run",
    given: seen({ cluster: cluster([]) }),
    verdict: "c1 is let in, and the hub's controllers have not taken notice",
    says: "says nothing of HubAcceptedManagedCluster",
    next: /hawser hub/,
  },
  {
    name: "the hub was refused",
    given: seen({ cluster: cluster([is("HubAcceptedManagedCluster", "False", "Error", "namespaces is forbidden")]) }),
    verdict: "c1 is let in, and the hub could not set up its namespace and rights",
    says: "HubAcceptedManagedCluster=False (Error)",
  },
  {
    name: "no agent",
    given: seen({ cluster: waiting }),
    verdict: "c1 is let in, and no agent has asked for its certificate",
    next: /is the agent running/,
  },
  {
    name: "a request that waits",
    given: seen({ cluster: waiting, requests: [request([])] }),
    verdict: "c1's request for a certificate waits to be approved",
    next: /^hawser accept c1$/,
  },
  {
    name: "a request that was denied",
    given: seen({ cluster: waiting, requests: [request(["Denied"])] }),
    verdict: "c1's request for a certificate was denied",
    next: /token create --cluster-name c1/,
  },
  {
    name: "a request that nobody signs",
    given: seen({ cluster: waiting, requests: [request(["Approved"])] }),
    verdict: "c1's request for a certificate is approved, and nobody signs it",
    next: /kube-controller-manager/,
  },
  {
    name: "a certificate, and silence",
    given: seen({ cluster: waiting, requests: [request(["Approved"], "PEM")] }),
    verdict: "c1 has its certificate, and has not reported",
  },
  {
    name: "not heard of any more",
    given: seen({ cluster: cluster([ACCEPTED, JOINED, available("Unknown")]), lease: lease(17 * MINUTE_MS) }),
    verdict: "c1 is not heard of: its agent does not run, or does not reach the hub",
    says: "last renewed 17m ago; it is due every 60 s",
  },
  {
    name: "clocks apart",
    given: seen({
      cluster: cluster([ACCEPTED, JOINED, available("Unknown"), is("ManagedClusterConditionClockSynced", "False")]),
      lease: lease(17 * MINUTE_MS),
    }),
    verdict: "c1 is not heard of in time: the clocks of hub and agent differ",
    next: /NTP/,
  },
  {
    name: "heard of, not reported",
    given: seen({ cluster: cluster([ACCEPTED, JOINED]), lease: lease(10_000) }),
    verdict: "c1 is heard of, and has not reported yet",
  },
  {
    name: "its own API server is down",
    given: seen({ cluster: cluster([ACCEPTED, JOINED, available("False")]) }),
    verdict: "c1's agent runs, and the cluster's own API server does not answer it",
    says: "ManagedClusterConditionAvailable=False (Told)",
  },
  {
    name: "leaving, its agent there",
    given: seen({
      cluster: cluster([ACCEPTED, JOINED, available("True")], {}, { deletionTimestamp: "2026-01-02T03:00:05Z" }),
      works: [work("w", [], ["f1"])],
    }),
    verdict: "c1 is being detached, and waits for its agent to take 1 ManifestWorks away",
    says: "held by f1",
  },
  {
    name: "leaving, its agent away",
    given: seen({
      cluster: cluster([ACCEPTED, JOINED, available("Unknown")], {}, { deletionTimestamp: "2026-01-02T03:00:05Z" }),
      works: [work("w", [], ["f1"])],
    }),
    verdict: "c1 is being detached, and waits for its agent to take 1 ManifestWorks away",
    next: /detach c1 --force/,
  },
]) {
  test(`explainCluster: ${name}`, () => {
    const explanation = explainCluster(given)
    assert.equal(explanation.ok, false)
    assert.equal(explanation.verdict, verdict)
    if (next !== undefined) assert.match(explanation.next.join("\n"), next)
    const said = explanation.findings.map((finding) => finding.says)
    if (says !== undefined) assert.ok(said.includes(says), said.join("\n"))
  })
}

test("explainCluster: available, with what else does not look right", () => {
  const given = seen({
    cluster: cluster([ACCEPTED, JOINED, available("True"), is("ClusterCertificateRotated", "False", "R", "no")], {
      taints: [{ key: "gpu", effect: "NoSelect" }],
    }),
    works: [work("a", [is("Applied", "True")]), work("b", [is("Applied", "False")])],
  })
  assert.equal(
    formatExplanation(explainCluster(given), NOW_MS),
    `✓ c1 is available
  ManagedCluster c1: ManagedClusterConditionAvailable=True (Told), since 4m
      its words
  note: its certificate could not be renewed: no
  note: tainted, so that placements leave it out: gpu:NoSelect
  note: 1 of 2 works are not well: b
`,
  )
})
