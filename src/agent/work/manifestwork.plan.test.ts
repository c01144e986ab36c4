import assert from "node:assert/strict"
import { test } from "node:test"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import type { PreparedManifest } from "./manifests.ts"
import { planClaim, planDeleting, planOutcome, planRelease, planReport, planStep } from "./manifestwork.plan.ts"

const FINALIZER = "cluster.open-cluster-management.io/manifest-work-cleanup"
const APPLIED_FINALIZER = "cluster.open-cluster-management.io/applied-manifest-work-cleanup"
const DELETED = { deletionTimestamp: "2026-01-01T00:00:00Z" }
const identity = { hubHash: "hash", agentId: "agent", hubIdentity: "cluster-uid" }

const condition = (type: string, status: "True" | "False" = "True") => ({
  type,
  status,
  reason: "R",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
})

function work(metadata: ManifestWork["metadata"] = {}, ...conditions: string[]): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name: "w", namespace: "c1", uid: "w1", resourceVersion: "9", finalizers: [FINALIZER], ...metadata },
    spec: {},
    ...(conditions.length === 0 ? {} : { status: { conditions: conditions.map((type) => condition(type)) } }),
  }
}
function applied(metadata: object = {}, status?: AppliedManifestWork["status"]): AppliedManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "AppliedManifestWork",
    metadata: { name: "hash-w", uid: "a1", resourceVersion: "4", finalizers: [APPLIED_FINALIZER], ...metadata },
    spec: { hubHash: "hash", agentID: "agent", manifestWorkName: "w" },
    ...(status === undefined ? {} : { status }),
  }
}

for (const { name, observed, want } of [
  { name: "nothing known", observed: { work: undefined, applied: undefined, onHub: false }, want: "forget" },
  { name: "applied, and no work known", observed: { work: undefined, applied: applied(), onHub: false }, want: "keep" },
  { name: "new", observed: { work: work({ finalizers: [] }), applied: undefined, onHub: true }, want: "apply" },
  { name: "applied before", observed: { work: work(), applied: applied(), onHub: true }, want: "apply" },
  { name: "hub away", observed: { work: work(), applied: applied(), onHub: undefined }, want: "apply" },
  {
    name: "hub away, to be created anew",
    observed: { work: work(), applied: undefined, onHub: undefined },
    want: "apply",
  },
  { name: "missing on the hub: goes on", observed: { work: work(), applied: applied(), onHub: false }, want: "apply" },
  { name: "missing on the hub, evicted", observed: { work: work(), applied: undefined, onHub: false }, want: "forget" },
  { name: "deleted", observed: { work: work(DELETED), applied: applied(), onHub: true }, want: "remove" },
  { name: "deleted, all gone", observed: { work: work(DELETED), applied: undefined, onHub: true }, want: "remove" },
  {
    name: "deleted before it was claimed",
    observed: { work: work({ ...DELETED, finalizers: [] }), applied: undefined, onHub: true },
    want: "forget",
  },
  {
    name: "its AppliedManifestWork is deleted",
    observed: { work: work(), applied: applied(DELETED), onHub: true },
    want: "remove",
  },
  { name: "complete", observed: { work: work({}, "Complete"), applied: applied(), onHub: true }, want: "freeze" },
  {
    name: "complete and deleted",
    observed: { work: work(DELETED, "Complete"), applied: applied(), onHub: true },
    want: "remove",
  },
]) {
  test(`planStep: ${name}`, () => assert.equal(planStep(observed), want))
}

test("planClaim: finalizer with the others kept, and the AppliedManifestWork, at once", () => {
  const fresh = work({ finalizers: ["other"], labels: { a: "b" } })
  const claim = planClaim({ work: fresh, applied: undefined, onHub: true }, identity)
  assert.deepEqual(claim.hub && "patch" in claim.hub && claim.hub.patch, {
    metadata: { finalizers: ["other", FINALIZER] },
  })
  assert.deepEqual(claim.member && "object" in claim.member && claim.member.object, {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "AppliedManifestWork",
    metadata: {
      name: "hash-w",
      labels: { a: "b" },
      annotations: { "hawser.dev/hub-identity": "cluster-uid" },
      finalizers: [APPLIED_FINALIZER],
    },
    spec: { hubHash: "hash", agentID: "agent", manifestWorkName: "w" },
  })
})

test("planClaim: nothing twice, and nothing on a hub that is away", () => {
  assert.deepEqual(planClaim({ work: work(), applied: applied(), onHub: true }, identity), {})
  assert.deepEqual(planClaim({ work: work({ finalizers: [] }), applied: applied(), onHub: undefined }, identity), {})
})

test("planClaim: what another agent applied before is taken over, once the hub has the work", () => {
  const theirs = { ...applied(), spec: { ...applied().spec, agentID: "klusterlet-uid" } }
  const { hub, member } = planClaim({ work: work(), applied: theirs, onHub: true }, identity)
  assert.equal(hub, undefined)
  assert.deepEqual(member && "patch" in member && [member.patch, member.uid], [
    { metadata: { annotations: { "hawser.dev/hub-identity": "cluster-uid" } }, spec: { agentID: "agent" } },
    theirs.metadata.uid,
  ])
  assert.deepEqual(planClaim({ work: work(), applied: theirs, onHub: undefined }, identity), {})
})

const resource = (name: string, uid = `${name}-uid`) => ({
  group: "",
  version: "v1",
  resource: "configmaps",
  name,
  namespace: "ns",
  uid,
})
function result(name: string, change: { live?: boolean | undefined; known?: boolean; strategy?: "ReadOnly" } = {}) {
  const meta = {
    ordinal: 0,
    group: "",
    version: "v1",
    kind: "ConfigMap",
    resource: "configmaps",
    name,
    namespace: "ns",
  }
  const type = { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true }
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, uid: `${name}-uid` } }
  const manifest: PreparedManifest = {
    ordinal: 0,
    rank: 3,
    meta: change.known === false ? { ...meta, resource: "" } : meta,
    ...(change.known === false ? {} : { target: { type, name, namespace: "ns" } }),
    object,
    strategy: { type: change.strategy ?? "Update" },
    feedbackRules: [],
    conditionRules: [],
    owned: true,
  }
  const live = "live" in change ? (change.live === undefined ? undefined : change.live ? object : null) : object
  return { manifest, live }
}

for (const { name, recorded, results, reported = true, want } of [
  {
    name: "new ones recorded with their uid",
    recorded: [],
    results: [result("a")],
    want: { resources: [resource("a")], removed: [] },
  },
  {
    name: "what left the spec is removed",
    recorded: [resource("a"), resource("b")],
    results: [result("a")],
    want: { resources: [resource("a")], removed: [resource("b")] },
  },
  {
    name: "what does not exist is not recorded",
    recorded: [resource("a")],
    results: [result("a", { live: false })],
    want: { resources: [], removed: [] },
  },
  {
    name: "what could not be read stays recorded",
    recorded: [resource("a", "old")],
    results: [result("a", { live: undefined })],
    want: { resources: [resource("a", "old")], removed: [] },
  },
  {
    name: "what is only read is never recorded",
    recorded: [],
    results: [result("a", { strategy: "ReadOnly" })],
    want: { resources: [], removed: [] },
  },
  {
    name: "nothing is removed while a kind is not known",
    recorded: [resource("b")],
    results: [result("a"), result("x", { known: false })],
    want: { resources: [resource("a"), resource("b")], removed: [] },
  },
  {
    name: "nothing is removed before the hub knows of an application",
    recorded: [resource("b")],
    results: [result("a")],
    reported: false,
    want: { resources: [resource("a"), resource("b")], removed: [] },
  },
]) {
  test(`planOutcome: ${name}`, () => {
    const { resources, removed } = planOutcome(reported ? work({}, "Applied") : work(), recorded, results)
    assert.deepEqual({ resources, removed }, want)
  })
}

test("planReport: two statuses, each only when it differs", () => {
  const status = { conditions: [condition("Applied")] }
  const both = planReport({ work: work(), applied: applied(), onHub: true }, [resource("a")], status)
  assert.deepEqual(both.member && "patch" in both.member && both.member.patch, {
    status: { appliedResources: [resource("a")] },
  })
  assert.deepEqual(both.hub && "patch" in both.hub && both.hub.patch, { status })
  const known = {
    work: { ...work(), status },
    applied: applied({}, { appliedResources: [resource("a")] }),
    onHub: true,
  }
  assert.deepEqual(planReport(known, [resource("a")], status), {})
  assert.equal(planReport({ work: work(), applied: applied(), onHub: undefined }, [], status).hub, undefined)
})

test("planReport: a work that is there again ends its eviction", () => {
  const evicting = applied({}, { evictionStartTime: "2026-01-01T00:00:00Z" })
  const { member } = planReport({ work: work(), applied: evicting, onHub: true }, [], {})
  assert.deepEqual(member && "patch" in member && member.patch, {
    status: { appliedResources: [], evictionStartTime: null },
  })
  assert.equal(planReport({ work: work(), applied: evicting, onHub: false }, [], {}).member, undefined)
})

test("planDeleting: said once", () => {
  const said = planDeleting(work(DELETED), 0)
  const { conditions } = (said && "patch" in said && (said.patch.status as ManifestWork["status"])) || {}
  assert.deepEqual(
    conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [["Deleting", "True", "WorkDeleting", "ManifestWork is being deleted"]],
  )
  assert.equal(planDeleting({ ...work(DELETED), status: { conditions: conditions! } }, 1), undefined)
})

test("planRelease: both finalizers, with the versions they were read at", () => {
  const others = { finalizers: ["other", FINALIZER] }
  const { hub, member } = planRelease({ work: work({ ...DELETED, ...others }), applied: applied(DELETED), onHub: true })
  assert.deepEqual(hub && "patch" in hub && [hub.patch, hub.resourceVersion], [
    { metadata: { finalizers: ["other"] } },
    "9",
  ])
  assert.deepEqual(member && "patch" in member && [member.patch, member.resourceVersion], [
    { metadata: { finalizers: [] } },
    "4",
  ])
})

test("planRelease: a work that stands keeps its finalizer", () => {
  const { hub, member } = planRelease({ work: work(), applied: applied(DELETED), onHub: true })
  assert.equal(hub, undefined)
  assert.ok(member)
})
