import type { UnknownObject } from "#apimachinery/meta.ts"
import { managedClusterAddOn } from "./addon/v1beta1.ts"
import { clusterProfile } from "./cluster/profile.ts"
import { clusterProperty } from "./cluster/property.ts"
import { managedCluster } from "./cluster/v1.ts"
import { addOnPlacementScore, clusterClaim } from "./cluster/v1alpha1.ts"
import { placement, placementDecision } from "./cluster/v1beta1.ts"
import { managedClusterSet, managedClusterSetBinding } from "./cluster/v1beta2.ts"
import { crdOf } from "./schema/kind.ts"
import { appliedManifestWork, manifestWork } from "./work/v1.ts"
import { manifestWorkReplicaSet } from "./work/v1alpha1.ts"

/** What a hub serves; of kinds that not every hub needs, those that are asked for. */
export const hubCrds = (options: { readonly clusterProfiles?: boolean } = {}): UnknownObject[] => [
  crdOf(managedCluster),
  crdOf(managedClusterSet),
  crdOf(managedClusterSetBinding),
  crdOf(placement),
  crdOf(placementDecision),
  crdOf(addOnPlacementScore),
  crdOf(managedClusterAddOn),
  crdOf(manifestWork),
  crdOf(manifestWorkReplicaSet),
  ...(options.clusterProfiles ? [crdOf(clusterProfile)] : []),
]

/** What a managed cluster serves. */
export const memberCrds = (options: { readonly clusterProperties?: boolean } = {}): UnknownObject[] => [
  crdOf(appliedManifestWork),
  crdOf(clusterClaim),
  ...(options.clusterProperties ? [crdOf(clusterProperty)] : []),
]
