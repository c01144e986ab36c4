// Workloads: pods for Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs; Jobs for CronJobs.
//
// Reads:    those kinds, Pod, Node, PersistentVolumeClaim.
// Wakes on: those kinds, and their pods by the controller that owns them.
// Writes:   ReplicaSet, Job, Pod, PersistentVolumeClaim; the status of those kinds.
// Gives up when: the workload is gone; its pods go with it by their owner references.
import { DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS } from "#api/kubernetes/apps.ts"
import { CRON_JOBS, JOBS } from "#api/kubernetes/batch.ts"
import { NODES, PERSISTENT_VOLUME_CLAIMS, PODS, REPLICATION_CONTROLLERS, type Pod } from "#api/kubernetes/core.ts"
import { keyOf, type KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatTime } from "#lib/clock.ts"
import type { Informer } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime, type Source } from "#runtime/controller.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planCronJob } from "./cronjob.plan.ts"
import { planDaemonSet } from "./daemonset.plan.ts"
import { planDeployment } from "./deployment.plan.ts"
import { planJob } from "./job.plan.ts"
import { BY_CONTROLLER, controllerOf } from "./pods.ts"
import {
  planReplicaFailure,
  planReplicaSet,
  planReplicationController,
  selectorOf,
  type Replicated,
} from "./replicaset.plan.ts"
import { planStatefulSet } from "./statefulset.plan.ts"

const ORPHANS = "workloads/orphans"
const BY_NAMESPACE = "workloads/namespace"

export function startWorkloads(runtime: Runtime, cluster: Cluster): void {
  const pods = cluster.informers.informer(PODS)
  const replicaSets = cluster.informers.informer(REPLICA_SETS)
  const nodes = cluster.informers.informer(NODES)
  const claims = cluster.informers.informer(PERSISTENT_VOLUME_CLAIMS)
  pods.addIndex(BY_CONTROLLER, controllerOf)
  replicaSets.addIndex(BY_CONTROLLER, controllerOf)
  claims.addIndex("namespace", (claim) => [claim.metadata.namespace ?? ""])
  const podsOf = (owner: KubeObject) => pods.byIndex(BY_CONTROLLER, owner.metadata.uid ?? "")
  const start = <T extends KubeObject>(
    type: ResourceType<T>,
    children: Informer<KubeObject>,
    plan: (object: T) => Plan,
    more: readonly Source<KubeObject>[] = [],
    failed?: Failed<T>,
  ) => startWorkload(runtime, cluster, type, children, plan, more, failed)
  const podInformer = pods as unknown as Informer<KubeObject>
  pods.addIndex(ORPHANS, (pod) => (controllerOf(pod).length === 0 ? [pod.metadata.namespace ?? ""] : []))
  /** Sets take in pods that fit and belong to nobody: those wake them, too. */
  const startReplicated = <T extends Replicated>(
    type: ResourceType<T>,
    plan: (set: T, pods: readonly Pod[]) => Plan,
  ) => {
    const sets = cluster.informers.informer(type)
    sets.addIndex(BY_NAMESPACE, (set) => [set.metadata.namespace ?? ""])
    const fitting = ({ metadata }: KubeObject): string[] => {
      const inNamespace = sets.byIndex(BY_NAMESPACE, metadata.namespace ?? "")
      return inNamespace.filter((set) => selectorOf(set).matches(metadata.labels)).map(keyOf)
    }
    const strays: Source<KubeObject> = {
      informer: podInformer,
      keysOf: ({ kind, object }) => (kind === "deleted" || controllerOf(object).length > 0 ? [] : fitting(object)),
    }
    const planned = (set: T) => plan(set, [...podsOf(set), ...pods.byIndex(ORPHANS, set.metadata.namespace ?? "")])
    start(type, podInformer, planned, [strays], (set, error) =>
      hasReason(error, "Forbidden", "Invalid")
        ? planReplicaFailure(set, podsOf(set), error.message, formatTime(runtime.clock.nowMs()))
        : NOTHING,
    )
  }

  start(DEPLOYMENTS, replicaSets as unknown as Informer<KubeObject>, (deployment) =>
    planDeployment(
      deployment,
      replicaSets.byIndex(BY_CONTROLLER, deployment.metadata.uid ?? ""),
      runtime.clock.nowMs(),
    ),
  )
  startReplicated(REPLICA_SETS, planReplicaSet)
  startReplicated(REPLICATION_CONTROLLERS, planReplicationController)
  start(STATEFUL_SETS, podInformer, (set) => {
    const names = claims.byIndex("namespace", set.metadata.namespace ?? "").map((claim) => claim.metadata.name ?? "")
    return planStatefulSet(set, podsOf(set), new Set(names))
  })
  const sets = cluster.informers.informer(DAEMON_SETS)
  const everySet = (): string[] => sets.list().map(keyOf)
  start(DAEMON_SETS, podInformer, (set) => planDaemonSet(set, podsOf(set), nodes.list()), [
    {
      informer: nodes as unknown as Informer<KubeObject>,
      keysOf: ({ kind }) => (kind === "changed" ? [] : everySet()),
    },
  ])
  start(JOBS, podInformer, (job) => planJob(job, podsOf(job), runtime.clock.nowMs()))
  const jobs = cluster.informers.informer(JOBS)
  jobs.addIndex(BY_CONTROLLER, controllerOf)
  start(CRON_JOBS, jobs as unknown as Informer<KubeObject>, (cronJob) =>
    planCronJob(cronJob, jobs.byIndex(BY_CONTROLLER, cronJob.metadata.uid ?? ""), runtime.clock.nowMs()),
  )
}

/** What is written when a plan could not be carried out, before it is tried again. */
type Failed<T> = (object: T, error: unknown) => Plan

function startWorkload<T extends KubeObject>(
  runtime: Runtime,
  cluster: Cluster,
  type: ResourceType<T>,
  children: Informer<KubeObject>,
  plan: (object: T) => Plan,
  more: readonly Source<KubeObject>[],
  failed: Failed<T> = () => NOTHING,
): void {
  const informer = cluster.informers.informer(type)
  const ownerKey = (child: KubeObject): string[] => {
    const owner = (child.metadata.ownerReferences ?? []).find((reference) => reference.controller === true)
    return owner?.kind === type.kind ? [`${child.metadata.namespace}/${owner.name}`] : []
  }
  const sources: readonly Source<KubeObject>[] = [
    {
      informer: informer as unknown as Informer<KubeObject>,
      keysOf: ({ object, kind }) => (kind === "deleted" ? [] : [keyOf(object)]),
    },
    { informer: children, keysOf: ({ object }) => ownerKey(object) },
    ...more,
  ]
  startController(runtime, {
    name: type.kind.toLowerCase(),
    sources,
    reconcile: async (key, signal) => {
      const object = informer.get(key)
      if (object === undefined) return
      const planned = plan(object)
      try {
        await applyPlan(cluster.client, planned, { log: runtime.log, signal })
      } catch (error) {
        await applyPlan(cluster.client, failed(object, error), { log: runtime.log, signal })
        throw error
      }
      return planned
    },
  })
}
