// Workloads: pods for Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs; Jobs for CronJobs.
//
// Reads:    those kinds, Pod, Node, PersistentVolumeClaim.
// Wakes on: those kinds, and their pods by the controller that owns them.
// Writes:   ReplicaSet, Job, Pod, PersistentVolumeClaim; the status of those kinds.
// Gives up when: the workload is gone; its pods go with it by their owner references.
import { DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS } from "#api/kubernetes/apps.ts"
import { CRON_JOBS, JOBS } from "#api/kubernetes/batch.ts"
import { NODES, PERSISTENT_VOLUME_CLAIMS, PODS, REPLICATION_CONTROLLERS } from "#api/kubernetes/core.ts"
import { keyOf, type KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { Informer } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime, type Source } from "#runtime/controller.ts"
import type { Plan } from "#runtime/plan.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planCronJob } from "./cronjob.plan.ts"
import { planDaemonSet } from "./daemonset.plan.ts"
import { planDeployment } from "./deployment.plan.ts"
import { planJob } from "./job.plan.ts"
import { BY_CONTROLLER, controllerOf } from "./pods.ts"
import { planReplicaSet, planReplicationController } from "./replicaset.plan.ts"
import { planStatefulSet } from "./statefulset.plan.ts"

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
  ) => startWorkload(runtime, cluster, type, children, plan, more)

  start(DEPLOYMENTS, replicaSets as unknown as Informer<KubeObject>, (deployment) =>
    planDeployment(
      deployment,
      replicaSets.byIndex(BY_CONTROLLER, deployment.metadata.uid ?? ""),
      runtime.clock.nowMs(),
    ),
  )
  const podInformer = pods as unknown as Informer<KubeObject>
  start(REPLICA_SETS, podInformer, (set) => planReplicaSet(set, podsOf(set)))
  start(REPLICATION_CONTROLLERS, podInformer, (controller) => planReplicationController(controller, podsOf(controller)))
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

function startWorkload<T extends KubeObject>(
  runtime: Runtime,
  cluster: Cluster,
  type: ResourceType<T>,
  children: Informer<KubeObject>,
  plan: (object: T) => Plan,
  more: readonly Source<KubeObject>[],
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
      await applyPlan(cluster.client, planned, { log: runtime.log, signal })
      return planned
    },
  })
}
