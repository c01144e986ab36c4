// The built-in kinds of apps, as far as we use them.
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { BuiltInCondition, LabelSelector, PodTemplate } from "./core.ts"

const apps = <T extends KubeObject>(resource: string, kind: string): ResourceType<T> => ({
  group: "apps",
  version: "v1",
  resource,
  kind,
  namespaced: true,
})

export type Deployment = KubeObject & {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplate
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    progressDeadlineSeconds?: number
    paused?: boolean
  }
  status?: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    unavailableReplicas?: number
    terminatingReplicas?: number
    collisionCount?: number
    conditions?: BuiltInCondition[]
  }
}
export const DEPLOYMENTS = apps<Deployment>("deployments", "Deployment")

export type ReplicaSet = KubeObject & {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate; minReadySeconds?: number }
  status?: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    terminatingReplicas?: number
    observedGeneration?: number
    conditions?: BuiltInCondition[]
  }
}
export const REPLICA_SETS = apps<ReplicaSet>("replicasets", "ReplicaSet")

export type StatefulSet = KubeObject & {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplate
    serviceName?: string
    podManagementPolicy?: string
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number; maxUnavailable?: number | string } }
    revisionHistoryLimit?: number
    minReadySeconds?: number
    ordinals?: { start?: number }
    volumeClaimTemplates?: { metadata?: ObjectMeta; spec?: Record<string, unknown> }[]
  }
  status?: {
    observedGeneration?: number
    replicas: number
    readyReplicas?: number
    currentReplicas?: number
    updatedReplicas?: number
    availableReplicas?: number
    currentRevision?: string
    updateRevision?: string
    collisionCount?: number
    conditions?: BuiltInCondition[]
  }
}
export const STATEFUL_SETS = apps<StatefulSet>("statefulsets", "StatefulSet")

export type DaemonSet = KubeObject & {
  spec: {
    selector: LabelSelector
    template: PodTemplate
    updateStrategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string } }
    minReadySeconds?: number
    revisionHistoryLimit?: number
  }
  status?: {
    currentNumberScheduled: number
    numberMisscheduled: number
    desiredNumberScheduled: number
    numberReady: number
    observedGeneration?: number
    updatedNumberScheduled?: number
    numberAvailable?: number
    numberUnavailable?: number
    conditions?: BuiltInCondition[]
  }
}
export const DAEMON_SETS = apps<DaemonSet>("daemonsets", "DaemonSet")

export type ControllerRevision = KubeObject & { data?: unknown; revision: number }
export const CONTROLLER_REVISIONS = apps<ControllerRevision>("controllerrevisions", "ControllerRevision")
