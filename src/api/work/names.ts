// Names that OCM's programs and users know of works.

export const WORK_GROUP = "work.open-cluster-management.io"

/** On a ManifestWork: the agent has something to take away first. */
export const WORK_FINALIZER = "cluster.open-cluster-management.io/manifest-work-cleanup"
/** On an AppliedManifestWork: applied objects are still there. */
export const APPLIED_WORK_FINALIZER = "cluster.open-cluster-management.io/applied-manifest-work-cleanup"
export const REPLICA_SET_FINALIZER = "work.open-cluster-management.io/manifest-work-cleanup"

/** `NAMESPACE.NAME` of the replica set that a work comes from. */
export const REPLICA_SET_LABEL = "work.open-cluster-management.io/manifestworkreplicaset"
export const PLACEMENT_NAME_LABEL = "work.open-cluster-management.io/placementname"

export const SPEC_HASH_ANNOTATION = "open-cluster-management.io/config-spec-hash"
/** On an AppliedManifestWork: uid of the ManagedCluster on the hub that the work came from. Ours, not OCM's. */
export const HUB_IDENTITY_ANNOTATION = "hawser.dev/hub-identity"
/** On a work: what is done about drift: `correct` (default), `report`, `pause`. */
export const DRIFT_ANNOTATION = "hawser.dev/drift"
export const CLEANUP_PRIORITY_ANNOTATION = "open-cluster-management.io/cleanup-priority"

/** Condition types of works and of their manifests. */
export const WORK_APPLIED = "Applied"
export const WORK_AVAILABLE = "Available"
export const WORK_DELETING = "Deleting"
export const WORK_COMPLETE = "Complete"
/** Ours, beside OCM's: how objects fare, where `Available` says that they are there. */
export const WORK_HEALTHY = "Healthy"
/** Ours, beside OCM's: whether objects differ, or did, from what the work says. */
export const DRIFTED = "Drifted"
export const STATUS_FEEDBACK_SYNCED = "StatusFeedbackSynced"

/** Bytes that the manifests of one work may have together. */
export const WORK_BYTES_MAX = 500 * 1024
/** The AppliedManifestWork's name is a 64 digit hash, a dash and the work's name. */
export const WORK_NAME_LENGTH_MAX = 188
export const DEFAULT_FIELD_MANAGER = "work-agent"
