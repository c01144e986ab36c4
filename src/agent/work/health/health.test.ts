import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { healthOf } from "./health.ts"

const NOW = "2026-01-01T00:10:00Z"
type Parts = { readonly spec?: object; readonly status?: object; readonly metadata?: object }
const object = (type: string, { spec = {}, status = {}, metadata = {} }: Parts = {}): UnknownObject => {
  const [apiVersion = "", kind = ""] = type.split(" ")
  return { apiVersion, kind, metadata: { name: "a", ...metadata }, spec, status } as UnknownObject
}
const conditions = (
  ...said: readonly (readonly [type: string, status: string, reason?: string, message?: string])[]
) => ({
  conditions: said.map(([type, status, reason = "", message = ""]) => ({ type, status, reason, message })),
})
const rolledOut = conditions(["Progressing", "True", "NewReplicaSetAvailable"], ["Available", "True"])
const deployed = { replicas: 3, updatedReplicas: 3, availableReplicas: 3, readyReplicas: 3, ...rolledOut }
const three = { replicas: 3, progressDeadlineSeconds: 600 }
const set = { replicas: 3, readyReplicas: 3, currentReplicas: 3, updatedReplicas: 3 }
const daemons = {
  observedGeneration: 1,
  desiredNumberScheduled: 2,
  currentNumberScheduled: 2,
  updatedNumberScheduled: 2,
  numberAvailable: 2,
  numberReady: 2,
}
const first = { generation: 1 }
const crashing = { name: "c", state: { waiting: { reason: "CrashLoopBackOff" } } }

const CASES: readonly (readonly [what: string, given: UnknownObject, want: string])[] = [
  [
    "on its way out",
    object("v1 ConfigMap", { metadata: { deletionTimestamp: NOW } }),
    "Terminating: Resource scheduled for deletion",
  ],
  [
    "not looked at yet",
    object("a.b/v1 Thing", { metadata: { generation: 2 }, status: { observedGeneration: 1 } }),
    "InProgress: Thing generation is 2, but latest observed generation is 1",
  ],
  [
    "reconciling",
    object("a.b/v1 Thing", { status: conditions(["Reconciling", "True", "R", "works"]) }),
    "InProgress: works",
  ],
  ["stalled", object("a.b/v1 Thing", { status: conditions(["Stalled", "True", "R", "stuck"]) }), "Failed: stuck"],
  ["ready", object("a.b/v1 Thing", { status: conditions(["Ready", "True"]) }), "Current: Resource is Ready"],
  ["not ready", object("a.b/v1 Thing", { status: conditions(["Ready", "False", "R", "no"]) }), "InProgress: no"],
  ["of no known kind", object("a.b/v1 Thing"), "Current: Resource is current"],
  [
    "with a status of its own kind",
    object("a.b/v1 Thing", { status: { conditions: ["odd", null, 7] } }),
    "Current: Resource is current",
  ],
  ["of another group than the known kind", object("a.b/v1 Pod"), "Current: Resource is current"],

  [
    "Deployment",
    object("apps/v1 Deployment", { spec: three, status: deployed }),
    "Current: Deployment is available. Replicas: 3",
  ],
  ["Deployment, new", object("apps/v1 Deployment", { spec: three }), "InProgress: Replicas: 0/3"],
  ["Deployment, of one", object("apps/v1 Deployment"), "InProgress: Replicas: 0/1"],
  [
    "Deployment, of none",
    object("apps/v1 Deployment", { spec: { replicas: 0 }, status: rolledOut }),
    "Current: Deployment is available. Replicas: 0",
  ],
  [
    "Deployment, rolling out",
    object("apps/v1 Deployment", { spec: three, status: { ...deployed, updatedReplicas: 1 } }),
    "InProgress: Updated: 1/3",
  ],
  [
    "Deployment, surging",
    object("apps/v1 Deployment", { spec: three, status: { ...deployed, replicas: 4 } }),
    "InProgress: Pending termination: 1",
  ],
  [
    "Deployment, not available",
    object("apps/v1 Deployment", { spec: three, status: { ...deployed, availableReplicas: 2 } }),
    "InProgress: Available: 2/3",
  ],
  [
    "Deployment, not ready",
    object("apps/v1 Deployment", { spec: three, status: { ...deployed, readyReplicas: 2 } }),
    "InProgress: Ready: 2/3",
  ],
  [
    "Deployment, without progress",
    object("apps/v1 Deployment", { spec: three, status: { ...deployed, ...conditions(["Available", "True"]) } }),
    "InProgress: ReplicaSet not Available",
  ],
  [
    "Deployment, without a deadline",
    object("apps/v1 Deployment", {
      spec: { replicas: 3 },
      status: { ...deployed, ...conditions(["Available", "True"]) },
    }),
    "Current: Deployment is available. Replicas: 3",
  ],
  [
    "Deployment, not said to be available",
    object("apps/v1 Deployment", { spec: { replicas: 3 }, status: { ...deployed, conditions: [] } }),
    "InProgress: Deployment not Available",
  ],
  [
    "Deployment, late",
    object("apps/v1 Deployment", {
      spec: three,
      status: conditions(["Progressing", "False", "ProgressDeadlineExceeded"]),
    }),
    "Failed: Progress deadline exceeded",
  ],

  [
    "ReplicaSet",
    object("apps/v1 ReplicaSet", {
      spec: { replicas: 1 },
      status: { replicas: 1, fullyLabeledReplicas: 1, availableReplicas: 1, readyReplicas: 1 },
    }),
    "Current: ReplicaSet is available. Replicas: 1",
  ],
  ["ReplicaSet, new", object("apps/v1 ReplicaSet", { spec: { replicas: 2 } }), "InProgress: Labelled: 0/2"],
  [
    "ReplicaSet, refused",
    object("apps/v1 ReplicaSet", { status: conditions(["ReplicaFailure", "True"]) }),
    "InProgress: Replica Failure condition. Check Pods",
  ],

  [
    "StatefulSet",
    object("apps/v1 StatefulSet", { spec: { replicas: 3 }, status: set }),
    "Current: All replicas scheduled as expected. Replicas: 3",
  ],
  ["StatefulSet, new", object("apps/v1 StatefulSet", { spec: { replicas: 3 } }), "InProgress: Replicas: 0/3"],
  [
    "StatefulSet, not ready",
    object("apps/v1 StatefulSet", { spec: { replicas: 3 }, status: { ...set, readyReplicas: 1 } }),
    "InProgress: Ready: 1/3",
  ],
  [
    "StatefulSet, shrinking",
    object("apps/v1 StatefulSet", { spec: { replicas: 2 }, status: set }),
    "InProgress: Pending termination: 1",
  ],
  [
    "StatefulSet, with a partition",
    object("apps/v1 StatefulSet", {
      spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
      status: { ...set, updatedReplicas: 1 },
    }),
    "Current: Partition rollout complete. updated: 1",
  ],
  [
    "StatefulSet, as API servers fill it in, rolling out",
    object("apps/v1 StatefulSet", {
      spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 0 } } },
      status: { ...set, updatedReplicas: 1 },
    }),
    "InProgress: updated: 1/3",
  ],
  [
    "StatefulSet, between revisions",
    object("apps/v1 StatefulSet", {
      spec: { replicas: 3 },
      status: { ...set, currentRevision: "a", updateRevision: "b" },
    }),
    "InProgress: Waiting for updated revision to match current",
  ],
  [
    "StatefulSet, of old pods",
    object("apps/v1 StatefulSet", { spec: { replicas: 3 }, status: { ...set, currentReplicas: 1 } }),
    "InProgress: current: 1/3",
  ],
  [
    "StatefulSet, by hand",
    object("apps/v1 StatefulSet", { spec: { updateStrategy: { type: "OnDelete" } } }),
    "Current: StatefulSet is using the ondelete update strategy",
  ],

  [
    "DaemonSet",
    object("apps/v1 DaemonSet", { metadata: first, status: daemons }),
    "Current: All replicas scheduled as expected. Replicas: 2",
  ],
  [
    "DaemonSet, new",
    object("apps/v1 DaemonSet", { metadata: first }),
    "InProgress: DaemonSet status.observedGeneration not found",
  ],
  [
    "DaemonSet, without a generation",
    object("apps/v1 DaemonSet", { status: daemons }),
    "InProgress: DaemonSet metadata.generation not found",
  ],
  [
    "DaemonSet, not counted",
    object("apps/v1 DaemonSet", { metadata: first, status: { observedGeneration: 1 } }),
    "InProgress: Missing .status.desiredNumberScheduled",
  ],
  [
    "DaemonSet, rolling out",
    object("apps/v1 DaemonSet", { metadata: first, status: { ...daemons, updatedNumberScheduled: 1 } }),
    "InProgress: Updated: 1/2",
  ],

  ["Job, new", object("batch/v1 Job"), "InProgress: Job not started"],
  [
    "Job, running",
    object("batch/v1 Job", { status: { startTime: NOW, active: 1 } }),
    "Current: Job in progress. success:0, active: 1, failed: 0",
  ],
  [
    "Job, complete",
    object("batch/v1 Job", { spec: { completions: 2 }, status: { succeeded: 2, ...conditions(["Complete", "True"]) } }),
    "Current: Job Completed. succeeded: 2/2",
  ],
  [
    "Job, failed",
    object("batch/v1 Job", { spec: { parallelism: 3 }, status: { failed: 4, ...conditions(["Failed", "True"]) } }),
    "Failed: Job Failed. failed: 4/3",
  ],
  [
    "Job, suspended",
    object("batch/v1 Job", { status: conditions(["Suspended", "True"]) }),
    "Current: Job is suspended",
  ],
  ["CronJob", object("batch/v1 CronJob"), "Current: Resource is always ready"],

  ["Pod, new", object("v1 Pod"), "InProgress: Pod phase not available"],
  ["Pod, pending", object("v1 Pod", { status: { phase: "Pending" } }), "InProgress: Pod is in the Pending phase"],
  [
    "Pod, without a node for a moment",
    object("v1 Pod", {
      metadata: { creationTimestamp: "2026-01-01T00:09:50Z" },
      status: { phase: "Pending", ...conditions(["PodScheduled", "False", "Unschedulable"]) },
    }),
    "InProgress: Pod has not been scheduled",
  ],
  [
    "Pod, without a node",
    object("v1 Pod", {
      metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
      status: { phase: "Pending", ...conditions(["PodScheduled", "False", "Unschedulable"]) },
    }),
    "Failed: Pod could not be scheduled",
  ],
  ["Pod, running", object("v1 Pod", { status: { phase: "Running" } }), "InProgress: Pod is running but is not Ready"],
  [
    "Pod, ready",
    object("v1 Pod", { status: { phase: "Running", ...conditions(["Ready", "True"]) } }),
    "Current: Pod is Ready",
  ],
  [
    "Pod, crashing",
    object("v1 Pod", { status: { phase: "Running", containerStatuses: [crashing, { name: "d" }] } }),
    "Failed: Containers in CrashLoop state: c",
  ],
  ["Pod, done", object("v1 Pod", { status: { phase: "Succeeded" } }), "Current: Pod has completed successfully"],
  [
    "Pod, failed",
    object("v1 Pod", { status: { phase: "Failed" } }),
    "Current: Pod has completed, but not successfully",
  ],

  ["Service", object("v1 Service", { spec: { type: "ClusterIP" } }), "Current: Service is ready"],
  [
    "Service, without an address",
    object("v1 Service", { spec: { type: "LoadBalancer" } }),
    "InProgress: ClusterIP not set. Service type: LoadBalancer",
  ],
  [
    "PersistentVolumeClaim, bound",
    object("v1 PersistentVolumeClaim", { status: { phase: "Bound" } }),
    "Current: PVC is Bound",
  ],
  ["PersistentVolumeClaim, new", object("v1 PersistentVolumeClaim"), "InProgress: PVC is not Bound. phase: unknown"],
  ["ConfigMap", object("v1 ConfigMap"), "Current: Resource is always ready"],
  ["PodDisruptionBudget", object("policy/v1 PodDisruptionBudget"), "Current: AllowedDisruptions has been computed."],
  [
    "CustomResourceDefinition, new",
    object("apiextensions.k8s.io/v1 CustomResourceDefinition"),
    "InProgress: Install in progress",
  ],
  [
    "CustomResourceDefinition",
    object("apiextensions.k8s.io/v1 CustomResourceDefinition", {
      status: conditions(["NamesAccepted", "True"], ["Established", "True"]),
    }),
    "Current: CRD is established",
  ],
  [
    "CustomResourceDefinition, names taken",
    object("apiextensions.k8s.io/v1 CustomResourceDefinition", {
      status: conditions(["NamesAccepted", "False", "Taken", "taken"]),
    }),
    "Failed: taken",
  ],
]

for (const [what, given, want] of CASES) {
  test(`health: ${what}`, () => {
    const { state, message } = healthOf(given, Date.parse(NOW))
    assert.equal(`${state}: ${message}`, want)
  })
}
