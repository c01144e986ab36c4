import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import { formatMicroTime, formatTime } from "#lib/clock.ts"
import { boundCluster, planUsedToken, USED_TOKEN_GRACE_MS } from "./bound-token.plan.ts"

const APPROVED_MS = Date.parse("2026-01-02T03:04:05Z")
const USER = "system:bootstrap:abcdef"

const request = (approvedMs?: number): CertificateSigningRequest => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name: "c1-x" },
  spec: { request: "", signerName: "", username: USER },
  status:
    approvedMs === undefined
      ? {}
      : { conditions: [{ type: "Approved", status: "True", lastUpdateTime: formatTime(approvedMs) }] },
})
const cluster = (joined: boolean) =>
  ({
    metadata: { name: "c1" },
    spec: {},
    status: { conditions: joined ? [{ type: "ManagedClusterJoined", status: "True" }] : [] },
  }) as unknown as ManagedCluster
const lease = (renewedMs: number) => ({ metadata: {}, spec: { renewTime: formatMicroTime(renewedMs) } }) as Lease

const observed = {
  user: USER,
  requests: [request(APPROVED_MS)],
  cluster: cluster(true),
  lease: lease(APPROVED_MS + 1),
  nowMs: APPROVED_MS + 2_000,
}
const KEPT = "kept"
const WAITS = USED_TOKEN_GRACE_MS - 2_000

for (const { name, change, want } of [
  { name: "the agent reported and renewed its lease: gone", change: {}, want: "bootstrap-token-abcdef" },
  { name: "nothing approved: kept", change: { requests: [request()] }, want: KEPT },
  { name: "approved, not joined: waits", change: { cluster: cluster(false) }, want: WAITS },
  { name: "no cluster: waits", change: { cluster: undefined }, want: WAITS },
  {
    name: "joined in a former life, no sign since: waits",
    change: { lease: lease(APPROVED_MS) },
    want: WAITS,
  },
  {
    name: "one ms before the end of the grace: waits that one ms",
    change: { lease: undefined, nowMs: APPROVED_MS + USED_TOKEN_GRACE_MS - 1 },
    want: 1,
  },
  {
    name: "never joined, grace over: gone",
    change: { cluster: cluster(false), nowMs: APPROVED_MS + USED_TOKEN_GRACE_MS },
    want: "bootstrap-token-abcdef",
  },
  { name: "no bootstrap token's user: kept", change: { user: "system:serviceaccount:a:b" }, want: KEPT },
  { name: "a user that names another Secret: kept", change: { user: "system:bootstrap:abcdef/x" }, want: KEPT },
]) {
  test(`planUsedToken: ${name}`, () => {
    const { actions, requeueAfterMs } = planUsedToken({ ...observed, ...change })
    const [action] = actions
    const deleted = action?.do === "delete" ? action.key.name : undefined
    assert.equal(deleted ?? requeueAfterMs ?? KEPT, want)
  })
}

for (const { groups, want } of [
  { groups: [], want: undefined },
  { groups: ["system:bootstrappers:managedcluster:name:c1"], want: undefined },
  { groups: ["system:bootstrappers:managedcluster:bound"], want: "" },
  { groups: ["system:bootstrappers:managedcluster:bound", "system:bootstrappers:managedcluster:name:c1"], want: "c1" },
])
  test(`boundCluster: ${groups.join(" ") || "no groups"}`, () => assert.equal(boundCluster(groups), want))
