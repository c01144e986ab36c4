import type { UnknownObject } from "#apimachinery/meta.ts"
import { managedCluster } from "./cluster/v1.ts"
import { addOnPlacementScore, clusterClaim } from "./cluster/v1alpha1.ts"
import { placement, placementDecision } from "./cluster/v1beta1.ts"
import { managedClusterSet, managedClusterSetBinding } from "./cluster/v1beta2.ts"
import { crdOf } from "./schema/kind.ts"
import { appliedManifestWork, manifestWork } from "./work/v1.ts"
import { manifestWorkReplicaSet } from "./work/v1alpha1.ts"

/** What a hub serves. */
export const hubCrds = (): UnknownObject[] => [
  crdOf(managedCluster),
  crdOf(managedClusterSet),
  crdOf(managedClusterSetBinding),
  crdOf(placement),
  crdOf(placementDecision),
  crdOf(addOnPlacementScore),
  crdOf(manifestWork),
  crdOf(manifestWorkReplicaSet),
]

/** What a managed cluster serves. */
export const memberCrds = (): UnknownObject[] => [crdOf(appliedManifestWork), crdOf(clusterClaim)]
