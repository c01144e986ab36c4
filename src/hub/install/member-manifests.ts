import { CLUSTER_GROUP } from "#api/cluster/names.ts"
import { memberCrds } from "#api/crds.ts"
import type { PolicyRule } from "#api/kubernetes/rbac.ts"
import { WORK_GROUP } from "#api/work/names.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { AGENT_ADDON_NAMESPACE, AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, HUB_KUBECONFIG_SECRET } from "./names.ts"
import {
  allow,
  clusterRole,
  clusterRoleBinding,
  namespace,
  READ,
  role,
  roleBinding,
  serviceAccount,
} from "./objects.ts"

const AGENT_ROLE = "open-cluster-management:hawser-agent"
/** Carries what works may contain. Others add to it with {@link AGGREGATE_LABEL}. */
const EXECUTION_ROLE = "open-cluster-management:hawser-agent:execution"
/** ClusterRoles with this label are added to what the agent may apply. Source: OCM klusterlet. */
export const AGGREGATE_LABEL = "open-cluster-management.io/aggregate-to-work"

export type MemberManifestsOptions = {
  /**
   * What works may contain. `everything` (the default): the agent is bound to cluster-admin, as a work may bring any
   * kind, RBAC included. `aggregated`: the ClusterRole admin and what ClusterRoles with the label
   * `open-cluster-management.io/aggregate-to-work` add.
   */
  readonly execution?: "everything" | "aggregated"
  /** For the gate ClusterProperty. Default false. */
  readonly clusterProperties?: boolean
}

/** What a cluster needs for its agent, in the order in which it is applied. */
export function memberManifests(options: MemberManifestsOptions = {}): KubeObject[] {
  const agent = { namespace: AGENT_NAMESPACE, name: AGENT_SERVICE_ACCOUNT }
  return [
    ...memberCrds(options),
    namespace(AGENT_NAMESPACE),
    namespace(AGENT_ADDON_NAMESPACE),
    serviceAccount(agent),
    clusterRole(AGENT_ROLE, agentRules(options)),
    clusterRoleBinding(AGENT_ROLE, AGENT_ROLE, { serviceAccount: agent }),
    role(AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, ownNamespaceRules()),
    roleBinding(AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, AGENT_SERVICE_ACCOUNT),
    ...execution(options.execution ?? "everything", agent),
  ]
}

/** What the agent does for itself: tell of the cluster, keep the record of what it applied. */
function agentRules({ clusterProperties }: MemberManifestsOptions): PolicyRule[] {
  return [
    allow("", ["nodes"], READ),
    allow("", ["namespaces"], [...READ, "create", "patch"]),
    allow(CLUSTER_GROUP, ["clusterclaims"], READ),
    ...(clusterProperties ? [allow("about.k8s.io", ["clusterproperties"], READ)] : []),
    allow(WORK_GROUP, ["appliedmanifestworks"], [...READ, "create", "update", "patch", "delete"]),
    allow(WORK_GROUP, ["appliedmanifestworks/status", "appliedmanifestworks/finalizers"], ["update", "patch"]),
    // Whether a work's executor may do what the work asks for.
    allow("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
    { nonResourceURLs: ["/livez", "/healthz", "/version", "/version/"], verbs: ["get"] },
  ]
}

/** Its credentials for the hub, and leader election. */
function ownNamespaceRules(): PolicyRule[] {
  return [
    allow("", ["secrets"], ["create"]),
    allow("", ["secrets"], ["get", "patch", "update"], [HUB_KUBECONFIG_SECRET]),
    allow("coordination.k8s.io", ["leases"], ["get", "create", "update"]),
    allow("events.k8s.io", ["events"], ["create", "patch"]),
  ]
}

function execution(
  rights: "everything" | "aggregated",
  agent: { readonly namespace: string; readonly name: string },
): KubeObject[] {
  if (rights === "everything") return [clusterRoleBinding(EXECUTION_ROLE, "cluster-admin", { serviceAccount: agent })]
  const { rules: _none, ...head } = clusterRole(EXECUTION_ROLE, [])
  const aggregated = { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE_LABEL]: "true" } }] }
  return [
    { ...head, aggregationRule: aggregated } as KubeObject,
    clusterRoleBinding(EXECUTION_ROLE, EXECUTION_ROLE, { serviceAccount: agent }),
    clusterRoleBinding(`${EXECUTION_ROLE}-admin`, "admin", { serviceAccount: agent }),
  ]
}
