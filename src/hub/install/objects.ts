// Short forms of the objects that installations consist of.
import { RBAC_GROUP, type ClusterRole, type PolicyRule, type Role, type RoleBinding } from "#api/kubernetes/rbac.ts"
import type { Namespace, ServiceAccount } from "#api/kubernetes/core.ts"
import { MANAGED_BY_LABEL } from "./names.ts"

const RBAC = `${RBAC_GROUP}/v1`
const labels = MANAGED_BY_LABEL

type ServiceAccountName = { readonly namespace: string; readonly name: string }

export const namespace = (name: string): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
})

export const serviceAccount = ({ namespace, name }: ServiceAccountName): ServiceAccount => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace, labels },
})

export const clusterRole = (name: string, rules: PolicyRule[]): ClusterRole => ({
  apiVersion: RBAC,
  kind: "ClusterRole",
  metadata: { name, labels },
  rules,
})

export const role = (namespace: string, name: string, rules: PolicyRule[]): Role => ({
  apiVersion: RBAC,
  kind: "Role",
  metadata: { name, namespace, labels },
  rules,
})

/** Binds a ClusterRole everywhere. */
export const clusterRoleBinding = (
  name: string,
  roleName: string,
  subject: { readonly serviceAccount: ServiceAccountName } | { readonly group: string },
): RoleBinding => ({
  apiVersion: RBAC,
  kind: "ClusterRoleBinding",
  metadata: { name, labels },
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: roleName },
  subjects: [
    "group" in subject
      ? { kind: "Group", apiGroup: RBAC_GROUP, name: subject.group }
      : { kind: "ServiceAccount", ...subject.serviceAccount },
  ],
})

/** Binds a Role of the same name to a service account of the same namespace. */
export const roleBinding = (namespace: string, name: string, serviceAccountName: string): RoleBinding => ({
  apiVersion: RBAC,
  kind: "RoleBinding",
  metadata: { name, namespace, labels },
  roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name },
  subjects: [{ kind: "ServiceAccount", name: serviceAccountName, namespace }],
})

export const READ = ["get", "list", "watch"]

/** A rule about resources of one group. */
export const allow = (
  apiGroup: string,
  resources: string[],
  verbs: string[],
  resourceNames?: string[],
): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...(resourceNames === undefined ? {} : { resourceNames }),
})
