import { CLUSTER_GROUP } from "#api/cluster/names.ts"
import { memberCrds } from "#api/crds.ts"
import type { PolicyRule } from "#api/kubernetes/rbac.ts"
import { WORK_GROUP } from "#api/work/names.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { Secret } from "#api/kubernetes/core.ts"
import {
  AGENT_ADDON_NAMESPACE,
  AGENT_NAMESPACE,
  AGENT_SERVICE_ACCOUNT,
  AGENT_TOKEN_SECRET,
  BOOTSTRAP_SECRET,
  hostedNamespace,
  HUB_KUBECONFIG_SECRET,
  MANAGED_BY_LABEL,
  MANAGED_KUBECONFIG_SECRET,
} from "./names.ts"
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
export const EXECUTION_ROLE = "open-cluster-management:hawser-agent:execution"
/** ClusterRoles with this label are added to what the agent may apply. Source: OCM klusterlet. */
export const AGGREGATE_LABEL = "open-cluster-management.io/aggregate-to-work"

export type Execution = "everything" | "aggregated"

export type MemberManifestsOptions = {
  /**
   * What works may contain. `everything` (the default): the agent is bound to cluster-admin, as a work may bring any
   * kind, RBAC included. `aggregated`: the ClusterRole admin and what ClusterRoles with the label
   * `open-cluster-management.io/aggregate-to-work` add.
   */
  readonly execution?: Execution
  /** For the gate ClusterProperty. Default false. */
  readonly clusterProperties?: boolean
  /** The agent runs on another cluster: it keeps its credentials there, and needs a token here. Default false. */
  readonly hosted?: boolean
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
    role(AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, options.hosted ? [EVENTS] : [...credentialRules(), EVENTS]),
    roleBinding(AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, AGENT_SERVICE_ACCOUNT),
    ...execution(options.execution ?? "everything", agent),
    ...(options.hosted ? [agentToken()] : []),
  ]
}

export type HostingManifestsOptions = {
  readonly clusterName: string
  /** Kubeconfigs, as text. */
  readonly bootstrap: string
  readonly managed: string
}

/** What the cluster needs that hosts the agent of another one, apart from the Deployment. */
export function hostingManifests({ clusterName, bootstrap, managed }: HostingManifestsOptions): KubeObject[] {
  const own = hostedNamespace(clusterName)
  return [
    namespace(own),
    serviceAccount({ namespace: own, name: AGENT_SERVICE_ACCOUNT }),
    role(own, AGENT_SERVICE_ACCOUNT, credentialRules()),
    roleBinding(own, AGENT_SERVICE_ACCOUNT, AGENT_SERVICE_ACCOUNT),
    kubeconfigSecret(own, BOOTSTRAP_SECRET, bootstrap),
    kubeconfigSecret(own, MANAGED_KUBECONFIG_SECRET, managed),
  ]
}

export const kubeconfigSecret = (namespace: string, name: string, kubeconfig: string): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace, name, labels: MANAGED_BY_LABEL },
  type: "Opaque",
  data: { kubeconfig: Buffer.from(kubeconfig).toString("base64") },
})

/** It does not end: nobody on the hosting cluster could get the next one. Deleting it ends it. */
const agentToken = (): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    namespace: AGENT_NAMESPACE,
    name: AGENT_TOKEN_SECRET,
    labels: MANAGED_BY_LABEL,
    annotations: { "kubernetes.io/service-account.name": AGENT_SERVICE_ACCOUNT },
  },
  type: "kubernetes.io/service-account-token",
})

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
function credentialRules(): PolicyRule[] {
  return [
    allow("", ["secrets"], ["create"]),
    allow("", ["secrets"], ["get", "patch", "update"], [HUB_KUBECONFIG_SECRET]),
    allow("coordination.k8s.io", ["leases"], ["get", "create", "update"]),
  ]
}

/** About what works applied. */
const EVENTS = allow("events.k8s.io", ["events"], ["create", "patch"])

function execution(rights: Execution, agent: { readonly namespace: string; readonly name: string }): KubeObject[] {
  if (rights === "everything") return [clusterRoleBinding(EXECUTION_ROLE, "cluster-admin", { serviceAccount: agent })]
  const { rules: _none, ...head } = clusterRole(EXECUTION_ROLE, [])
  const aggregated = { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE_LABEL]: "true" } }] }
  return [
    { ...head, aggregationRule: aggregated } as KubeObject,
    clusterRoleBinding(EXECUTION_ROLE, EXECUTION_ROLE, { serviceAccount: agent }),
    clusterRoleBinding(`${EXECUTION_ROLE}-admin`, "admin", { serviceAccount: agent }),
  ]
}
