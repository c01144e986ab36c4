import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { PreparedManifest } from "./manifests.ts"
import { isStatusChanged, planWorkStatus } from "./work-status.plan.ts"
import type { ManifestResult } from "./work-status.plan.ts"

const NOW = "2026-01-01T00:00:00Z"
const LATER = "2026-01-01T01:00:00Z"
const at = (time: string) => ({ nowMs: Date.parse(time), rawFeedbackJson: false })

function work(generation: number, status?: ManifestWork["status"]): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name: "w", namespace: "c1", generation },
    spec: {},
    ...(status === undefined ? {} : { status }),
  }
}

function manifest(ordinal: number, change: Partial<PreparedManifest> = {}): PreparedManifest {
  const name = `d${ordinal}`
  return {
    ordinal,
    rank: 5,
    meta: { ordinal, group: "apps", version: "v1", kind: "Deployment", resource: "deployments", name, namespace: "ns" },
    object: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name } },
    strategy: { type: "Update" },
    feedbackRules: [],
    conditionRules: [],
    owned: true,
    ...change,
  }
}
const deployment = (readyReplicas?: number): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d" },
  status: readyReplicas === undefined ? {} : { readyReplicas },
})

const condition = (type: string, status: string, reason: string, message: string, observedGeneration?: number) => ({
  type,
  status,
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
  lastTransitionTime: NOW,
  reason,
  message,
})
/** OCM's conditions. */
const summary = (status: ManifestWork["status"]) =>
  (status?.conditions ?? [])
    .filter(({ type }) => type !== "Healthy")
    .map(({ type, status, reason, message }) => [type, status, reason, message])

test("planWorkStatus: all applied and there, whole status", () => {
  const results = [{ manifest: manifest(0), live: deployment() }]
  assert.deepEqual(planWorkStatus(work(3), results, at(NOW)), {
    conditions: [
      condition("Applied", "True", "AppliedManifestWorkComplete", "Apply manifest work complete", 3),
      condition("Available", "True", "ResourcesAvailable", "All resources are available", 3),
      condition(
        "Healthy",
        "False",
        "InProgress",
        '1 of 1 resources are not healthy: Deployment "ns/d0": Replicas: 0/1',
        3,
      ),
    ],
    resourceStatus: {
      manifests: [
        {
          resourceMeta: manifest(0).meta,
          statusFeedback: {},
          conditions: [
            condition("Applied", "True", "AppliedManifestComplete", "Apply manifest complete", 3),
            condition("Available", "True", "ResourceAvailable", "Resource is available"),
            condition("StatusFeedbackSynced", "True", "NoStatusFeedbackSynced", ""),
            condition("Healthy", "False", "InProgress", "Replicas: 0/1"),
          ],
        },
      ],
    },
  })
})

test("planWorkStatus: a rule that is called Healthy is the only word on it", () => {
  const rule = { condition: "Healthy", type: "CEL" as const, celExpressions: ["true"] }
  const judged = planWorkStatus(work(1), results(deployment(), deployment()), at(NOW))
  const given = [{ manifest: manifest(0, { conditionRules: [rule] }), live: deployment() }, ...results(deployment())]
  given[1] = { manifest: manifest(1), live: deployment() }
  const ruled = planWorkStatus(work(2, judged), given, at(NOW))
  const health = (status: ManifestWork["status"]) =>
    [status, ...(status?.resourceStatus?.manifests ?? [])].map(
      (of) => of?.conditions?.find(({ type }) => type === "Healthy")?.reason,
    )
  assert.deepEqual(health(judged), ["InProgress", "InProgress", "InProgress"])
  assert.deepEqual(health(ruled), ["ConditionRulesAggregated", "ConditionRuleEvaluated", undefined])
  const again = planWorkStatus(work(3, ruled), results(deployment(), deployment()), at(NOW))
  assert.deepEqual(health(again), ["InProgress", "InProgress", "InProgress"])
})

const results = (...lives: (UnknownObject | null | undefined)[]): ManifestResult[] =>
  lives.map((live, ordinal) => ({ manifest: manifest(ordinal), live }))

for (const { name, given, want } of [
  {
    name: "one failed",
    given: [{ manifest: manifest(0), live: null, error: "boom" }, ...results(undefined, deployment()).slice(1)],
    want: [
      ["Applied", "False", "AppliedManifestWorkFailed", "Failed to apply manifest work"],
      ["Available", "False", "ResourcesNotAvailable", "1 of 2 resources are not available"],
    ],
  },
  {
    name: "one could not be read",
    given: results(deployment(), undefined),
    want: [
      ["Applied", "True", "AppliedManifestWorkComplete", "Apply manifest work complete"],
      ["Available", "Unknown", "ResourcesStatusUnknown", "1 of 2 resources have unknown status"],
    ],
  },
  {
    name: "no manifests",
    given: [],
    want: [["Available", "Unknown", "ResourcesStatusUnknown", "cannot get any available resource "]],
  },
]) {
  test(`planWorkStatus: ${name}`, () => assert.deepEqual(summary(planWorkStatus(work(1), given, at(NOW))), want))
}

test("planWorkStatus: messages of a manifest that failed and is not there", () => {
  const status = planWorkStatus(work(1), [{ manifest: manifest(0), live: null, error: "boom" }], at(NOW))
  assert.deepEqual(status.resourceStatus?.manifests?.[0]?.conditions, [
    condition("Applied", "False", "AppliedManifestFailed", "Failed to apply manifest: boom", 1),
    condition("Available", "False", "ResourceNotAvailable", "Resource is not available"),
    condition("Healthy", "False", "NotFound", "Resource not found"),
  ])
})

test("planWorkStatus: the same again changes nothing, a new generation gives Applied a new time", () => {
  const given = results(deployment())
  const first = planWorkStatus(work(1), given, at(NOW))
  assert.equal(isStatusChanged(work(1), first), true)
  const again = planWorkStatus(work(1, first), given, at(LATER))
  assert.equal(isStatusChanged(work(1, first), again), false)
  const next = planWorkStatus(work(2, first), given, at(LATER))
  const [applied, available] = next.resourceStatus!.manifests![0]!.conditions.toSorted((a, b) =>
    a.type < b.type ? -1 : 1,
  )
  assert.deepEqual([applied!.observedGeneration, applied!.lastTransitionTime], [2, LATER])
  assert.equal(available!.lastTransitionTime, NOW)
})

test("planWorkStatus: conditions follow an object that moved in the spec", () => {
  const first = planWorkStatus(work(1), results(deployment(), null), at(NOW))
  const moved = [{ manifest: { ...manifest(1), ordinal: 0, meta: { ...manifest(1).meta, ordinal: 0 } }, live: null }]
  const next = planWorkStatus(work(1, first), moved, at(LATER))
  assert.deepEqual(
    next.resourceStatus?.manifests?.[0]?.conditions.map((c) => c.lastTransitionTime),
    [NOW, NOW, NOW],
  )
})

test("planWorkStatus: feedback, its errors, and that values stay while the object is away", () => {
  const rules = [{ type: "WellKnownStatus" as const }]
  const at1 = (live: UnknownObject | null, before?: ManifestWork["status"]) =>
    planWorkStatus(work(1, before), [{ manifest: manifest(0, { feedbackRules: rules }), live }], at(NOW))
  const values = [{ name: "ReadyReplicas", fieldValue: { type: "Integer", integer: 2 } }]
  const first = at1(deployment(2))
  assert.deepEqual(first.resourceStatus?.manifests?.[0]?.statusFeedback, { values })
  assert.deepEqual(at1(null, first).resourceStatus?.manifests?.[0]?.statusFeedback, { values })
  const odd = at1({ apiVersion: "v1", kind: "ConfigMap", metadata: {} })
  const synced = odd.resourceStatus?.manifests?.[0]?.conditions.find((c) => c.type === "StatusFeedbackSynced")
  assert.deepEqual(
    [synced?.status, synced?.reason, synced?.message],
    [
      "False",
      "StatusFeedbackSyncFailed",
      "Sync status feedback failed with error cannot find the wellknown statuses for resource with gvk /v1, Kind=ConfigMap",
    ],
  )
})

test("planWorkStatus: well-known Complete of a Job is aggregated and goes with its rule", () => {
  const job: UnknownObject = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {},
    status: { conditions: [{ type: "Failed", status: "True" }] },
  }
  const rules = [{ type: "WellKnownConditions" as const, condition: "Complete" }]
  const first = planWorkStatus(work(1), [{ manifest: manifest(0, { conditionRules: rules }), live: job }], at(NOW))
  assert.deepEqual(summary(first).at(-1), ["Complete", "True", "ConditionRulesAggregated", "Job is finished"])
  const next = planWorkStatus(work(2, first), [{ manifest: manifest(0), live: job }], at(NOW))
  assert.ok(!summary(next).some(([type]) => type === "Complete"))
  assert.ok(!next.resourceStatus!.manifests![0]!.conditions.some(({ type }) => type === "Complete"))
})

test("planWorkStatus: what is said at length is cut, and the same again changes nothing", () => {
  const given = [{ manifest: manifest(0), live: null, error: "x".repeat(100_000) }]
  const first = planWorkStatus(work(1), given, at(NOW))
  const applied = first.resourceStatus?.manifests?.[0]?.conditions.find(({ type }) => type === "Applied")
  assert.equal(applied?.message.length, 4_096)
  assert.equal(isStatusChanged(work(1, first), planWorkStatus(work(1, first), given, at(LATER))), false)
})
