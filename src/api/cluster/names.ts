// Names that OCM's programs and users know: labels, annotations, finalizers, condition types and reasons.

export const CLUSTER_GROUP = "cluster.open-cluster-management.io"

export const CLUSTER_NAME_LABEL = "open-cluster-management.io/cluster-name"
export const CLUSTER_SET_LABEL = "cluster.open-cluster-management.io/clusterset"
export const ADDON_NAME_LABEL = "open-cluster-management.io/addon-name"
export const PLACEMENT_LABEL = "cluster.open-cluster-management.io/placement"
export const DECISION_GROUP_INDEX_LABEL = "cluster.open-cluster-management.io/decision-group-index"
export const DECISION_GROUP_NAME_LABEL = "cluster.open-cluster-management.io/decision-group-name"

export const SCHEDULING_DISABLED_ANNOTATION = "cluster.open-cluster-management.io/experimental-scheduling-disable"
export const AUTO_ACCEPTED_ANNOTATION = "open-cluster-management.io/automatically-accepted-on"
export const AUTO_UPDATE_ANNOTATION = "cluster.open-cluster-management.io/autoupdate"
export const AGENT_ANNOTATION_PREFIX = "agent.open-cluster-management.io/"

export const CLUSTER_FINALIZER = "cluster.open-cluster-management.io/api-resource-cleanup"
export const RESOURCE_CLEANUP_FINALIZER = "cluster.open-cluster-management.io/resource-cleanup"

export const TAINT_UNREACHABLE = "cluster.open-cluster-management.io/unreachable"
export const TAINT_UNAVAILABLE = "cluster.open-cluster-management.io/unavailable"

export const DEFAULT_CLUSTER_SET = "default"
export const GLOBAL_CLUSTER_SET = "global"

export const CLUSTER_LEASE = "managed-cluster-lease"

/** Condition types of a ManagedCluster. */
export const HUB_ACCEPTED = "HubAcceptedManagedCluster"
export const JOINED = "ManagedClusterJoined"
export const AVAILABLE = "ManagedClusterConditionAvailable"
export const CLOCK_SYNCED = "ManagedClusterConditionClockSynced"
export const CERTIFICATE_ROTATED = "ClusterCertificateRotated"

/** The user and groups of a cluster's agent. Source: OCM registration, user.SubjectPrefix. */
export const SUBJECT_PREFIX = "system:open-cluster-management:"
export const MANAGED_CLUSTERS_GROUP = "system:open-cluster-management:managed-clusters"
export const BOOTSTRAP_GROUP = "system:bootstrappers:managedcluster"
/**
 * Who joins with a token for one cluster is in this group, which carries the rights, and in the one that names the
 * cluster. Not in {@link BOOTSTRAP_GROUP}: that one may announce any cluster.
 */
export const BOUND_BOOTSTRAP_GROUP = "system:bootstrappers:managedcluster:bound"
export const BOUND_NAME_PREFIX = "system:bootstrappers:managedcluster:name:"

/** The certificate's common name and what the approver compares. */
export const agentUser = (cluster: string, agent: string): string => `${SUBJECT_PREFIX}${cluster}:${agent}`
/** The group of one cluster's agents: the subject of all its rights on the hub. */
export const clusterGroup = (cluster: string): string => `${SUBJECT_PREFIX}${cluster}`
