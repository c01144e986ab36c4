// The built-in kinds of rbac.authorization.k8s.io.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { LabelSelector } from "./core.ts"

export const RBAC_GROUP = "rbac.authorization.k8s.io"

const rbac = <T extends KubeObject>(resource: string, kind: string, namespaced: boolean): ResourceType<T> => ({
  group: RBAC_GROUP,
  version: "v1",
  resource,
  kind,
  namespaced,
})

export type PolicyRule = {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

export type Subject = { kind: string; apiGroup?: string; name: string; namespace?: string }
export type RoleRef = { apiGroup: string; kind: string; name: string }

export type Role = KubeObject & { rules?: PolicyRule[] | null }
export type ClusterRole = Role & { aggregationRule?: { clusterRoleSelectors?: LabelSelector[] } }
export type RoleBinding = KubeObject & { roleRef: RoleRef; subjects?: Subject[] }

export const ROLES = rbac<Role>("roles", "Role", true)
export const ROLE_BINDINGS = rbac<RoleBinding>("rolebindings", "RoleBinding", true)
export const CLUSTER_ROLES = rbac<ClusterRole>("clusterroles", "ClusterRole", false)
export const CLUSTER_ROLE_BINDINGS = rbac<RoleBinding>("clusterrolebindings", "ClusterRoleBinding", false)
