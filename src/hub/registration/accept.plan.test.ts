import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { HUB_ACCEPTED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Condition } from "#api/schema/metav1.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import { formatTime } from "#lib/clock.ts"
import { describeWrite, writesOf } from "#runtime/apply-plan.ts"
import type { Plan } from "#runtime/plan.ts"
import { planAccept, planSetUpFailure } from "./accept.plan.ts"
import { newClusterRole, newClusterRoleBinding, newRegistrationBinding, newWorkBinding } from "./cluster-rbac.ts"
import type { ObservedCluster } from "./observed-cluster.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const NOW = formatTime(NOW_MS)
const FINALIZERS = [
  "cluster.open-cluster-management.io/api-resource-cleanup",
  "cluster.open-cluster-management.io/resource-cleanup",
]
const WORK_FINALIZER = "cluster.open-cluster-management.io/manifest-work-cleanup"
const OPTIONS = { autoAccept: false, defaultSet: true, cleanUp: true }
const AUTO = { ...OPTIONS, autoAccept: true }
const STAMP = { "open-cluster-management.io/automatically-accepted-on": "2026-01-01T00:00:00Z" }
const IN_SET = { "cluster.open-cluster-management.io/clusterset": "default" }
const AVAILABLE = condition("ManagedClusterConditionAvailable", "True")

function condition(type: string, status: Condition["status"], reason = "Reason"): Condition {
  return { type, status, reason, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }
}

type ClusterParts = { meta?: ObjectMeta; spec?: ManagedCluster["spec"]; conditions?: Condition[] }

/** A cluster that is in a set and Available, so that nothing is to be done but what a case is about. */
const cluster = ({ meta, spec, conditions = [AVAILABLE] }: ClusterParts = {}): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name: "c1", uid: "u1", resourceVersion: "7", labels: IN_SET, ...meta },
  spec: spec ?? {},
  status: { conditions },
})

const work = (name: string, meta: ObjectMeta = {}): ManifestWork => ({
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: { name, namespace: "c1", uid: `uid-${name}`, ...meta },
  spec: {},
})

const stored = <T extends KubeObject>(object: T, meta: ObjectMeta = {}): T => ({
  ...object,
  metadata: { ...object.metadata, uid: "stored", resourceVersion: "3", ...meta },
})

const nothing = {
  namespace: undefined,
  clusterRole: undefined,
  clusterRoleBinding: undefined,
  registrationBinding: undefined,
  workBinding: undefined,
  detached: undefined,
  detachedBinding: undefined,
  works: [],
  options: OPTIONS,
  nowMs: NOW_MS,
}
const everything = {
  ...nothing,
  namespace: { apiVersion: "v1", kind: "Namespace", metadata: { name: "c1" } },
  clusterRole: stored(newClusterRole("c1", true)),
  clusterRoleBinding: stored(newClusterRoleBinding("c1")),
  registrationBinding: stored(newRegistrationBinding("c1")),
  workBinding: stored(newWorkBinding("c1")),
}
const doomed = { deletionTimestamp: NOW }

/** `patch managedclusters… c1`, one line a write. */
const writes = (plan: Plan) =>
  writesOf(plan.actions).map((action) => {
    const { do: verb, resource, key } = describeWrite(action)
    return `${verb} ${resource.replace(/\..*?(\/|$)/, "$1")} ${key}`
  })

const SET_UP = [
  "apply namespaces c1",
  "create clusterroles open-cluster-management:managedcluster:c1",
  "create rolebindings c1/open-cluster-management:managedcluster:c1:registration",
  "create rolebindings c1/open-cluster-management:managedcluster:c1:work",
  "create clusterrolebindings open-cluster-management:managedcluster:c1",
]
const CLUSTER = "patch managedclusters c1"
const STATUS = "patch managedclusters/status c1"
const RELEASE_WORK = "patch rolebindings c1/open-cluster-management:managedcluster:c1:work"
const accepted = { hubAcceptsClient: true }
const ACCEPTED = condition(HUB_ACCEPTED, "True", "HubClusterAdminAccepted")
const settled: ClusterParts = {
  meta: { finalizers: FINALIZERS },
  spec: accepted,
  conditions: [AVAILABLE, { ...ACCEPTED, message: "Accepted by hub cluster admin" }],
}

/** A work that its agent holds. */
const held = work("held", { ...doomed, resourceVersion: "5", finalizers: [WORK_FINALIZER] })
const silent = (meta: ObjectMeta) =>
  cluster({
    ...settled,
    meta: { finalizers: FINALIZERS, ...meta },
    conditions: [condition("ManagedClusterConditionAvailable", "Unknown")],
  })

type Case = { name: string; observed: ObservedCluster; want: string[] }

const CASES: readonly Case[] = [
  { name: "not let in: given nothing", observed: { ...nothing, cluster: cluster() }, want: [] },
  {
    name: "not let in, fresh: in the default set and tainted at once",
    observed: { ...nothing, cluster: cluster({ meta: { labels: {} }, conditions: [] }) },
    want: [CLUSTER],
  },
  {
    name: "let in: all of it in one pass, the condition in the next",
    observed: { ...nothing, cluster: cluster({ spec: accepted }) },
    want: [CLUSTER, ...SET_UP],
  },
  {
    name: "let in, finalizers there: the rest and the condition",
    observed: { ...nothing, cluster: cluster({ meta: { finalizers: FINALIZERS }, spec: accepted }) },
    want: [...SET_UP, STATUS],
  },
  { name: "settled: nothing", observed: { ...everything, cluster: cluster(settled) }, want: [] },
  {
    name: "a right that somebody took away is given again",
    observed: {
      ...everything,
      clusterRole: stored({ ...newClusterRole("c1", true), rules: [] }),
      cluster: cluster(settled),
    },
    want: ["patch clusterroles open-cluster-management:managedcluster:c1"],
  },
  {
    name: "automatic: let in and set up in one pass",
    observed: { ...nothing, options: AUTO, cluster: cluster() },
    want: [CLUSTER, ...SET_UP],
  },
  {
    name: "automatic: what was denied by hand stays denied",
    observed: { ...nothing, options: AUTO, cluster: cluster({ meta: { annotations: STAMP } }) },
    want: [],
  },
  {
    name: "automatic: a name whose namespace holds other things is left to people",
    observed: { ...nothing, options: AUTO, cluster: cluster({ meta: { name: "kube-system" } }) },
    want: [],
  },
  {
    name: "shut out with a work left: sees itself, keeps the work binding, is not called denied",
    observed: { ...everything, works: [work("w")], cluster: cluster({ ...settled, spec: {} }) },
    want: [
      "patch clusterroles open-cluster-management:managedcluster:c1",
      "delete rolebindings c1/open-cluster-management:managedcluster:c1:registration",
      "delete rolebindings c1/open-cluster-management:managedcluster:c1:work",
    ],
  },
  {
    name: "shut out, work binding held, work left: waits",
    observed: {
      ...everything,
      clusterRole: stored(newClusterRole("c1", false)),
      registrationBinding: undefined,
      workBinding: stored(newWorkBinding("c1"), doomed),
      works: [work("w")],
      cluster: cluster({ ...settled, spec: {} }),
    },
    want: [],
  },
  {
    name: "shut out, last work gone: the binding is released",
    observed: {
      ...everything,
      clusterRole: stored(newClusterRole("c1", false)),
      registrationBinding: undefined,
      workBinding: stored(newWorkBinding("c1"), doomed),
      cluster: cluster({ ...settled, spec: {} }),
    },
    want: [RELEASE_WORK],
  },
  {
    name: "shut out, all gone: denied",
    observed: {
      ...nothing,
      clusterRole: stored(newClusterRole("c1", false)),
      cluster: cluster({ ...settled, spec: {} }),
    },
    want: [STATUS],
  },
  {
    name: "let in again while the work binding goes: it is released, to be made anew",
    observed: { ...everything, workBinding: stored(newWorkBinding("c1"), doomed), cluster: cluster(settled) },
    want: [RELEASE_WORK],
  },
  {
    name: "let in again while the work binding waits for works: it still holds",
    observed: {
      ...everything,
      workBinding: stored(newWorkBinding("c1"), doomed),
      works: [work("w")],
      cluster: cluster(settled),
    },
    want: [],
  },
  {
    name: "deleted: works of lowest priority first, rights cut at once",
    observed: {
      ...everything,
      works: [
        work("late", { annotations: { "open-cluster-management.io/cleanup-priority": "10" } }),
        work("early"),
        work("going", doomed),
      ],
      cluster: cluster({ ...settled, meta: { ...settled.meta, ...doomed } }),
    },
    want: [
      "patch clusterroles open-cluster-management:managedcluster:c1",
      "delete rolebindings c1/open-cluster-management:managedcluster:c1:registration",
      "delete rolebindings c1/open-cluster-management:managedcluster:c1:work",
      "delete manifestworks c1/early",
      STATUS,
    ],
  },
  {
    name: "deleted and not heard of: waited for",
    observed: {
      ...everything,
      clusterRole: stored(newClusterRole("c1", false)),
      registrationBinding: undefined,
      workBinding: stored(newWorkBinding("c1"), doomed),
      works: [held],
      cluster: silent({ deletionTimestamp: formatTime(NOW_MS - 10 * 60_000 + 1000) }),
    },
    want: [STATUS],
  },
  {
    name: "deleted and not heard of, the grace over: works are let go, after the tombstone",
    observed: {
      ...everything,
      clusterRole: stored(newClusterRole("c1", false)),
      registrationBinding: undefined,
      workBinding: stored(newWorkBinding("c1"), doomed),
      works: [held],
      cluster: silent({ deletionTimestamp: formatTime(NOW_MS - 10 * 60_000) }),
    },
    want: [
      "create leases c1/detached-clusters",
      "create rolebindings c1/hawser:detached-cluster",
      "patch manifestworks c1/held",
      STATUS,
    ],
  },
  {
    name: "deleted, a grace of its own over though the agent is heard of",
    observed: {
      ...nothing,
      works: [held],
      cluster: cluster({
        ...settled,
        meta: { finalizers: FINALIZERS, ...doomed, annotations: { "hawser.dev/detach-grace": "0s" } },
      }),
    },
    want: ["patch manifestworks c1/held", STATUS],
  },
  {
    name: "deleted, not heard of, to be waited for for ever",
    observed: {
      ...nothing,
      works: [held],
      cluster: silent({ ...doomed, annotations: { "hawser.dev/detach-grace": "never" } }),
      nowMs: NOW_MS + 365 * 24 * 3600_000,
    },
    want: [STATUS],
  },
  {
    name: "deleted, its workloads to be left: said to the works before any is deleted",
    observed: {
      ...nothing,
      works: [work("w")],
      cluster: cluster({
        ...settled,
        meta: { finalizers: FINALIZERS, ...doomed, annotations: { "hawser.dev/detach-workloads": "keep" } },
      }),
    },
    want: ["patch manifestworks c1/w", "delete manifestworks c1/w", STATUS],
  },
  {
    name: "deleted without ResourceCleanup: works are left to people, and waited for",
    observed: {
      ...nothing,
      options: { ...OPTIONS, cleanUp: false },
      works: [work("w")],
      cluster: cluster({ ...settled, meta: { ...settled.meta, ...doomed } }),
    },
    want: [STATUS],
  },
  {
    name: "deleted, no works: rights go, the cluster waits for the work binding",
    observed: { ...everything, cluster: cluster({ ...settled, meta: { ...settled.meta, ...doomed } }) },
    want: [
      "create leases c1/detached-clusters",
      "create rolebindings c1/hawser:detached-cluster",
      "delete clusterrolebindings open-cluster-management:managedcluster:c1",
      "delete clusterroles open-cluster-management:managedcluster:c1",
      "delete rolebindings c1/open-cluster-management:managedcluster:c1:registration",
      "delete rolebindings c1/open-cluster-management:managedcluster:c1:work",
    ],
  },
  {
    name: "deleted, all gone: let go",
    observed: { ...nothing, cluster: cluster({ ...settled, meta: { ...settled.meta, ...doomed } }) },
    want: [CLUSTER],
  },
  {
    name: "deleted, all gone, held by another: told that our part is done",
    observed: {
      ...nothing,
      cluster: cluster({ ...settled, meta: { finalizers: [...FINALIZERS, "other/holds"], ...doomed } }),
    },
    want: [STATUS],
  },
  {
    name: "deleted and let go: nothing",
    observed: { ...nothing, cluster: cluster({ ...settled, meta: { finalizers: ["other/holds"], ...doomed } }) },
    want: [],
  },
]

describe("planAccept", () => {
  for (const { name, observed, want } of CASES) test(name, () => assert.deepEqual(writes(planAccept(observed)), want))

  test("what a cluster is changed in goes into one write, planned from the observed version", () => {
    const fresh = cluster({ meta: { labels: { a: "b" } }, conditions: [] })
    const [action] = planAccept({ ...nothing, options: AUTO, cluster: fresh }).actions
    assert.ok(action?.do === "patch")
    assert.deepEqual([action.uid, action.resourceVersion], ["u1", "7"])
    assert.deepEqual(action.patch, {
      metadata: {
        annotations: { "open-cluster-management.io/automatically-accepted-on": NOW },
        finalizers: FINALIZERS,
        labels: IN_SET,
      },
      spec: {
        hubAcceptsClient: true,
        taints: [{ key: "cluster.open-cluster-management.io/unreachable", effect: "NoSelect", timeAdded: NOW }],
      },
    })
  })

  test("a cluster let in by hand is marked, so that a later denial stays", () => {
    const byHand = cluster({ meta: { finalizers: FINALIZERS }, spec: accepted })
    const [action] = planAccept({ ...everything, options: AUTO, cluster: byHand }).actions
    assert.ok(action?.do === "patch")
    assert.deepEqual(action.patch, {
      metadata: { annotations: { "open-cluster-management.io/automatically-accepted-on": NOW } },
    })
  })

  test("finalizers of others stay", () => {
    const held = cluster({ ...settled, meta: { finalizers: ["other/holds", ...FINALIZERS], ...doomed } })
    const told = { ...held, status: { conditions: [condition("Deleting", "True")] } }
    const [action] = planAccept({ ...nothing, cluster: told }).actions
    assert.ok(action?.do === "patch")
    assert.deepEqual(action.patch, { metadata: { finalizers: ["other/holds"] } })
    const binding = stored(newWorkBinding("c1"), { ...doomed, finalizers: [WORK_FINALIZER, "other/holds"] })
    const [release] = planAccept({ ...nothing, workBinding: binding, cluster: told }).actions
    assert.ok(release?.do === "patch")
    assert.deepEqual(release.patch, { metadata: { finalizers: ["other/holds"] } })
  })
})

describe("planSetUpFailure", () => {
  for (const { name, parts, want } of [
    { name: "let in, not set up: said", parts: { spec: accepted }, want: [STATUS] },
    { name: "set up before: a failed repair does not call it into question", parts: settled, want: [] },
    { name: "not let in: nothing was to be set up", parts: {}, want: [] },
  ])
    test(name, () => assert.deepEqual(writes(planSetUpFailure(cluster(parts), "no", NOW_MS)), want))
})
