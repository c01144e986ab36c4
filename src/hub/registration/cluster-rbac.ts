// What a cluster's agents may do on the hub. Names and rules are OCM's: its programs and its users' audits know them.
import { ADDON_GROUP } from "#api/addon/v1beta1.ts"
import { CLUSTER_GROUP, CLUSTER_NAME_LABEL, clusterGroup } from "#api/cluster/names.ts"
import { RBAC_GROUP, type ClusterRole, type PolicyRule, type RoleBinding, type Subject } from "#api/kubernetes/rbac.ts"
import { WORK_FINALIZER, WORK_GROUP } from "#api/work/names.ts"

export const REGISTRATION_ROLE = "open-cluster-management:managedcluster:registration"
export const WORK_ROLE = "open-cluster-management:managedcluster:work"
/** The group of permissions that exist only as rules: accept, renew. */
export const REGISTER_GROUP = "register.open-cluster-management.io"

export const clusterRoleName = (cluster: string) => `open-cluster-management:managedcluster:${cluster}`
export const registrationBindingName = (cluster: string) => `${clusterRoleName(cluster)}:registration`
export const workBindingName = (cluster: string) => `${clusterRoleName(cluster)}:work`

/** The cluster's own ClusterRole; a denied cluster may still see that it was denied. */
export function newClusterRole(cluster: string, accepted: boolean): ClusterRole {
  const own = { apiGroups: [CLUSTER_GROUP], resourceNames: [cluster] }
  const seeItself: PolicyRule = { ...own, resources: ["managedclusters"], verbs: ["get", "list", "watch"] }
  const rules: PolicyRule[] = accepted
    ? [
        {
          apiGroups: ["certificates.k8s.io"],
          resources: ["certificatesigningrequests"],
          verbs: ["create", "get", "list", "watch"],
        },
        { apiGroups: [REGISTER_GROUP], resources: ["managedclusters/clientcertificates"], verbs: ["renew"] },
        { ...own, resources: ["managedclusters"], verbs: ["get", "list", "update", "watch"] },
        { ...own, resources: ["managedclusters/status"], verbs: ["patch", "update"] },
      ]
    : [seeItself]
  return { ...roleHead("ClusterRole", clusterRoleName(cluster), cluster), rules }
}

export const newClusterRoleBinding = (cluster: string): RoleBinding => ({
  ...roleHead("ClusterRoleBinding", clusterRoleName(cluster), cluster),
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: clusterRoleName(cluster) },
  subjects: subjectsOf(cluster),
})

export const newRegistrationBinding = (cluster: string): RoleBinding => ({
  ...roleHead("RoleBinding", registrationBindingName(cluster), cluster, { namespace: cluster }),
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: REGISTRATION_ROLE },
  subjects: subjectsOf(cluster),
})

/** Its finalizer lets the agent finish its works after the binding was deleted. */
export const newWorkBinding = (cluster: string): RoleBinding => ({
  ...roleHead("RoleBinding", workBindingName(cluster), cluster, { namespace: cluster, finalizers: [WORK_FINALIZER] }),
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: WORK_ROLE },
  subjects: subjectsOf(cluster),
})

/** The two roles that every accepted cluster is bound to in its own namespace. */
export function sharedClusterRoles(): readonly ClusterRole[] {
  const events: PolicyRule = {
    apiGroups: ["", "events.k8s.io"],
    resources: ["events"],
    verbs: ["create", "patch", "update"],
  }
  return [
    {
      ...roleHead("ClusterRole", REGISTRATION_ROLE),
      rules: [
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "list", "update", "watch"] },
        {
          apiGroups: [ADDON_GROUP],
          resources: ["managedclusteraddons"],
          verbs: ["get", "list", "watch"],
        },
        {
          apiGroups: [ADDON_GROUP],
          resources: ["managedclusteraddons/status"],
          verbs: ["patch", "update"],
        },
        { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] },
      ],
    },
    {
      ...roleHead("ClusterRole", WORK_ROLE),
      rules: [
        events,
        { apiGroups: [WORK_GROUP], resources: ["manifestworks"], verbs: ["get", "list", "watch", "update", "patch"] },
        { apiGroups: [WORK_GROUP], resources: ["manifestworks/status"], verbs: ["patch", "update"] },
      ],
    },
  ]
}

function roleHead(
  kind: string,
  name: string,
  cluster?: string,
  more: { namespace?: string; finalizers?: string[] } = {},
) {
  const labels = cluster === undefined ? {} : { labels: { [CLUSTER_NAME_LABEL]: cluster } }
  return { apiVersion: `${RBAC_GROUP}/v1`, kind, metadata: { name, ...labels, ...more } }
}

/** The second group is what EKS access entries give. */
export function subjectsOf(cluster: string): Subject[] {
  return [clusterGroup(cluster), `open-cluster-management:${cluster}`].map((name) => ({
    kind: "Group",
    apiGroup: RBAC_GROUP,
    name,
  }))
}
