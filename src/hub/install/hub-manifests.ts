import { ADDON_GROUP } from "#api/addon/v1beta1.ts"
import { hubCrds } from "#api/crds.ts"
import { DETACHED_LEASE, DETACHED_ROLE } from "#api/cluster/detached.ts"
import { HUB_ENDPOINT, HUB_ENDPOINT_ROLE, hubEndpoint, type HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import { PROFILE_GROUP } from "#api/cluster/profile.ts"
import { BOOTSTRAP_GROUP, BOUND_BOOTSTRAP_GROUP, CLUSTER_GROUP, MANAGED_CLUSTERS_GROUP } from "#api/cluster/names.ts"
import { CLIENT_SIGNER } from "#api/kubernetes/certificates.ts"
import { RBAC_GROUP, type PolicyRule } from "#api/kubernetes/rbac.ts"
import { WORK_GROUP } from "#api/work/names.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { formatYaml } from "#lib/yaml.ts"
import { admissionPolicies } from "./admission-policies.ts"
import { boundTokenPolicy } from "./bound-token-policy.ts"
import {
  BOOTSTRAP_ROLE,
  BOOTSTRAP_SERVICE_ACCOUNT,
  BOOTSTRAP_TOKENS_BINDING,
  HUB_COMPONENTS_NAMESPACE,
  HUB_NAMESPACE,
  HUB_SERVICE_ACCOUNT,
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

const REGISTER_GROUP = "register.open-cluster-management.io"
const HUB_ROLE = "open-cluster-management:hawser-hub"
const CLUSTER_INFO_ROLE = "hawser:cluster-info"
const HUB_TOKENS_ROLE = "hawser-hub:used-tokens"
const HUB_LEADER_ROLE = "hawser-hub:leader-election"

export type HubManifestsOptions = {
  /** Where agents find the hub, which follow it there. Absent: that is left as it is. */
  readonly endpoint?: HubEndpoint
  /**
   * How the hub is reached, for `kube-public/cluster-info`, where clusteradm looks for the hub's authority. Leave it out
   * where something else (kubeadm) writes that ConfigMap.
   */
  readonly clusterInfo?: { readonly server: string; readonly ca: string }
  /** For the gate ClusterProfile. Default false. */
  readonly clusterProfiles?: boolean
  /** Whether the API server has OCM's admission rules by itself, as a hub on the embedded one. Default false. */
  readonly isAdmissionBuiltIn?: boolean
}

/** What makes a Kubernetes a hub, in the order in which it is applied. */
export function hubManifests(options: HubManifestsOptions = {}): KubeObject[] {
  return [
    ...hubCrds(options),
    ...hubAccess(options),
    ...(options.isAdmissionBuiltIn ? [] : admissionPolicies()),
    ...(options.endpoint === undefined ? [] : [hubEndpoint(options.endpoint)]),
    ...(options.clusterInfo === undefined ? [] : [clusterInfo(options.clusterInfo), ...clusterInfoAccess()]),
  ]
}

/** Namespaces, identities and rights. */
function hubAccess({ clusterProfiles = false }: HubManifestsOptions): KubeObject[] {
  const bootstrap = { namespace: HUB_NAMESPACE, name: BOOTSTRAP_SERVICE_ACCOUNT }
  const hub = { namespace: HUB_COMPONENTS_NAMESPACE, name: HUB_SERVICE_ACCOUNT }
  return [
    namespace(HUB_NAMESPACE),
    namespace(HUB_COMPONENTS_NAMESPACE),
    serviceAccount(bootstrap),
    clusterRole(BOOTSTRAP_ROLE, bootstrapRules()),
    clusterRoleBinding(`${BOOTSTRAP_ROLE}:agent-registration`, BOOTSTRAP_ROLE, { serviceAccount: bootstrap }),
    clusterRoleBinding(BOOTSTRAP_TOKENS_BINDING, BOOTSTRAP_ROLE, { group: BOOTSTRAP_GROUP }),
    // The rule before the right: without it the right would be to announce any cluster.
    ...boundTokenPolicy(),
    clusterRoleBinding(`${BOOTSTRAP_ROLE}:bound-token`, BOOTSTRAP_ROLE, { group: BOUND_BOOTSTRAP_GROUP }),
    clusterRole(DETACHED_ROLE, [allow("coordination.k8s.io", ["leases"], ["get", "update"], [DETACHED_LEASE])]),
    serviceAccount(hub),
    clusterRole(HUB_ROLE, [...hubRules(), ...(clusterProfiles ? profileRules() : [])]),
    clusterRoleBinding(HUB_ROLE, HUB_ROLE, { serviceAccount: hub }),
    role(HUB_COMPONENTS_NAMESPACE, HUB_LEADER_ROLE, [
      allow("coordination.k8s.io", ["leases"], ["get", "create", "update"]),
    ]),
    roleBinding(HUB_COMPONENTS_NAMESPACE, HUB_LEADER_ROLE, HUB_SERVICE_ACCOUNT),
    ...endpointAccess(),
    // A token that was used is deleted unread: the requests made with it say what it was for.
    role("kube-system", HUB_TOKENS_ROLE, [allow("", ["secrets"], ["delete"])]),
    {
      ...roleBinding("kube-system", HUB_TOKENS_ROLE, HUB_SERVICE_ACCOUNT),
      subjects: [{ kind: "ServiceAccount", ...hub }],
    } as KubeObject,
  ]
}

/** Every agent may read where the hub is, and nothing else there. */
function endpointAccess(): KubeObject[] {
  const { namespace: home, name } = HUB_ENDPOINT
  const agents = { kind: "Group", apiGroup: RBAC_GROUP, name: MANAGED_CLUSTERS_GROUP }
  return [
    role(home, HUB_ENDPOINT_ROLE, [allow("", ["configmaps"], READ, [name])]),
    { ...roleBinding(home, HUB_ENDPOINT_ROLE, ""), subjects: [agents] } as KubeObject,
  ]
}

/** What somebody who only wants to join may do: ask, and look whether the answer has come. */
function bootstrapRules(): PolicyRule[] {
  return [
    allow("", ["configmaps"], ["get"]),
    allow("certificates.k8s.io", ["certificatesigningrequests"], ["create", "get", "list", "watch"]),
    allow(CLUSTER_GROUP, ["managedclusters"], ["get", "create", "list", "watch"]),
    // The set `default`, which a new cluster is put in, is joined in the name of who creates it.
    allow(CLUSTER_GROUP, ["managedclustersets/join"], ["create"]),
  ]
}

/**
 * What the hub's controllers do. They may not give more than they have (RBAC's escalation check), so that the rights of
 * clusters' agents are among theirs; `escalate` and `bind`, which would make them administrators, are not.
 */
function hubRules(): PolicyRule[] {
  return [...registrationRules(), ...placementRules(), ...workRules(), ...grantedRules()]
}

function registrationRules(): PolicyRule[] {
  return [
    allow(CLUSTER_GROUP, ["managedclusters"], [...READ, "patch"]),
    allow(CLUSTER_GROUP, ["managedclusters/status"], ["patch"]),
    allow(CLUSTER_GROUP, ["managedclustersets"], [...READ, "create", "patch"]),
    allow(CLUSTER_GROUP, ["managedclustersetbindings"], READ),
    allow(CLUSTER_GROUP, ["managedclustersets/status", "managedclustersetbindings/status"], ["patch"]),
    // Automatic acceptance, and the set that a new cluster is put in.
    allow(REGISTER_GROUP, ["managedclusters/accept"], ["update"]),
    allow(CLUSTER_GROUP, ["managedclustersets/join"], ["create"]),
    allow("", ["namespaces"], [...READ, "create", "patch"]),
    allow(RBAC_GROUP, ["clusterroles", "clusterrolebindings", "rolebindings"], [...READ, "create", "patch", "delete"]),
    allow("coordination.k8s.io", ["leases"], [...READ, "create", "delete"]),
    allow("certificates.k8s.io", ["certificatesigningrequests"], READ),
    allow("certificates.k8s.io", ["certificatesigningrequests/approval"], ["update"]),
    allow("certificates.k8s.io", ["signers"], ["approve"], [CLIENT_SIGNER]),
    allow("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
  ]
}

function placementRules(): PolicyRule[] {
  return [
    allow(CLUSTER_GROUP, ["placements", "addonplacementscores"], READ),
    allow(CLUSTER_GROUP, ["placements/status"], ["patch"]),
    allow(CLUSTER_GROUP, ["placementdecisions"], [...READ, "create", "patch", "delete"]),
    allow(CLUSTER_GROUP, ["placementdecisions/status"], ["patch"]),
    // PlacementDecisions name their Placement as owner and block its foreground deletion.
    allow(CLUSTER_GROUP, ["placements/finalizers"], ["update"]),
  ]
}

function workRules(): PolicyRule[] {
  return [
    allow(WORK_GROUP, ["manifestworks"], [...READ, "create", "patch", "delete"]),
    allow(WORK_GROUP, ["manifestworkreplicasets"], [...READ, "patch"]),
    allow(WORK_GROUP, ["manifestworkreplicasets/status"], ["patch"]),
    // A template may name an executor; the works are made in the hub's name.
    allow(WORK_GROUP, ["manifestworks"], ["execute-as"]),
  ]
}

function profileRules(): PolicyRule[] {
  return [
    allow(PROFILE_GROUP, ["clusterprofiles"], [...READ, "create", "patch", "delete"]),
    allow(PROFILE_GROUP, ["clusterprofiles/status"], ["patch"]),
  ]
}

/** What clusters' agents are given and is not among the rules above. */
function grantedRules(): PolicyRule[] {
  return [
    allow("certificates.k8s.io", ["certificatesigningrequests"], ["create"]),
    allow(REGISTER_GROUP, ["managedclusters/clientcertificates"], ["renew"]),
    allow(CLUSTER_GROUP, ["managedclusters", "managedclusters/status"], ["update"]),
    allow("coordination.k8s.io", ["leases"], ["update"]),
    allow(ADDON_GROUP, ["managedclusteraddons"], READ),
    allow(ADDON_GROUP, ["managedclusteraddons/status"], ["patch", "update"]),
    allow("", ["events"], ["create", "patch", "update"]),
    allow("events.k8s.io", ["events"], ["create", "patch", "update"]),
    allow(WORK_GROUP, ["manifestworks"], ["update"]),
    allow(WORK_GROUP, ["manifestworks/status"], ["patch", "update"]),
  ]
}

/** A kubeconfig without credentials, as kubeadm publishes it. */
function clusterInfo({ server, ca }: { readonly server: string; readonly ca: string }): KubeObject {
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "", cluster: { "certificate-authority-data": Buffer.from(ca).toString("base64"), server } }],
    contexts: [],
    "current-context": "",
    preferences: {},
    users: [],
  }
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "cluster-info", namespace: "kube-public" },
    data: { kubeconfig: formatYaml(kubeconfig) },
  } as KubeObject
}

/** Who wants to join and knows nobody yet may read it: it holds no secret, and is checked by the authority's hash. */
function clusterInfoAccess(): KubeObject[] {
  const rules = [allow("", ["configmaps"], ["get"], ["cluster-info"])]
  const binding = roleBinding("kube-public", CLUSTER_INFO_ROLE, "")
  const anybody = { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "system:unauthenticated" }
  return [role("kube-public", CLUSTER_INFO_ROLE, rules), { ...binding, subjects: [anybody] } as KubeObject]
}
