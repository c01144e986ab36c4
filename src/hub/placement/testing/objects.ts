import { CLUSTER_SET_LABEL, DECISION_GROUP_INDEX_LABEL, DECISION_GROUP_NAME_LABEL } from "#api/cluster/names.ts"
import { PLACEMENT_LABEL } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Placement, PlacementDecision } from "#api/cluster/v1beta1.ts"
import type { ManagedClusterSet, ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import type { ObjectMeta } from "#apimachinery/meta.ts"
import type { ObservedPlacement } from "#hub/placement/placement.plan.ts"

export const NOW_MS = Date.parse("2026-01-02T03:04:05Z")

/** A cluster of the set `default`. */
export const newCluster = (
  name: string,
  parts: { meta?: ObjectMeta; spec?: ManagedCluster["spec"]; status?: NonNullable<ManagedCluster["status"]> } = {},
): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name, ...parts.meta, labels: { [CLUSTER_SET_LABEL]: "default", ...parts.meta?.labels } },
  spec: parts.spec ?? {},
  ...(parts.status === undefined ? {} : { status: parts.status }),
})

export const newPlacement = (spec: Placement["spec"] = {}, meta: ObjectMeta = {}): Placement => ({
  apiVersion: "cluster.open-cluster-management.io/v1beta1",
  kind: "Placement",
  metadata: { name: "p", namespace: "apps", uid: "p-uid", ...meta },
  spec,
})

export const newSet = (name: string, clusterSelector?: ManagedClusterSet["spec"]["clusterSelector"]) =>
  ({
    apiVersion: "cluster.open-cluster-management.io/v1beta2",
    kind: "ManagedClusterSet",
    metadata: { name },
    spec: { clusterSelector: clusterSelector ?? { selectorType: "ExclusiveClusterSetLabel" } },
  }) satisfies ManagedClusterSet

export const newBinding = (set: string, parts: { clusterSet?: string; meta?: ObjectMeta } = {}) =>
  ({
    apiVersion: "cluster.open-cluster-management.io/v1beta2",
    kind: "ManagedClusterSetBinding",
    metadata: { name: set, namespace: "apps", ...parts.meta },
    spec: { clusterSet: parts.clusterSet ?? set },
  }) satisfies ManagedClusterSetBinding

/** Decision number `n` of the Placement `p`. */
export const newDecision = (n: number, clusters: readonly string[], group = { index: 0, name: "" }) =>
  ({
    apiVersion: "cluster.open-cluster-management.io/v1beta1",
    kind: "PlacementDecision",
    metadata: {
      name: `p-decision-${n}`,
      namespace: "apps",
      labels: {
        [PLACEMENT_LABEL]: "p",
        [DECISION_GROUP_INDEX_LABEL]: String(group.index),
        [DECISION_GROUP_NAME_LABEL]: group.name,
      },
    },
    status: { decisions: clusters.map((clusterName) => ({ clusterName, reason: "" })) },
  }) satisfies PlacementDecision

/** A Placement in a namespace that is bound to the set `default`, with nothing decided. */
export const observe = (parts: Partial<ObservedPlacement>): ObservedPlacement => ({
  placement: newPlacement(),
  bindings: [newBinding("default")],
  sets: [newSet("default")],
  clusters: [],
  decisions: [],
  otherDecisions: () => 0,
  addOnScore: () => undefined,
  nowMs: NOW_MS,
  ...parts,
})
