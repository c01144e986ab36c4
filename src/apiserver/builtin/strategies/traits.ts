// What the registry of each kind decides by a flag. Source: k8s.io/kubernetes pkg/registry/*/*/strategy.go and storage.go.
const CREATE_ON_UPDATE = new Set([
  "/endpoints",
  "/events",
  "/limitranges",
  "/services",
  "events.k8s.io/events",
  "coordination.k8s.io/leases",
  "node.k8s.io/runtimeclasses",
  "rbac.authorization.k8s.io/clusterrolebindings",
  "rbac.authorization.k8s.io/clusterroles",
  "rbac.authorization.k8s.io/rolebindings",
  "rbac.authorization.k8s.io/roles",
])

const CONDITIONAL_UPDATE = new Set([
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices",
  "coordination.k8s.io/leases",
  "node.k8s.io/runtimeclasses",
  "policy/poddisruptionbudgets",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csistoragecapacities",
  "storage.k8s.io/volumeattachments",
])

/** Kinds from before there was a garbage collector keep what clients of then rely on. */
const ORPHANS_BY_DEFAULT = new Set(["/replicationcontrollers", "batch/jobs"])

const DELETE_RETURNS_OBJECT = new Set([
  "/namespaces",
  "/persistentvolumeclaims",
  "/persistentvolumes",
  "/pods",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses",
])

/** metadata.generation counts changes of spec. */
const SPEC_GENERATION = new Set([
  "/pods",
  "/replicationcontrollers",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apps/daemonsets",
  "apps/deployments",
  "apps/replicasets",
  "apps/statefulsets",
  "batch/cronjobs",
  "batch/jobs",
  "flowcontrol.apiserver.k8s.io/flowschemas",
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
  "networking.k8s.io/ingressclasses",
  "networking.k8s.io/ingresses",
  "networking.k8s.io/networkpolicies",
  "policy/poddisruptionbudgets",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceslices",
])

/** metadata.generation counts changes of other fields; without any it stays at 1. */
const FIELD_GENERATION: { readonly [groupResource: string]: readonly string[] } = {
  "/podtemplates": ["template"],
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": ["webhooks"],
  "admissionregistration.k8s.io/validatingwebhookconfigurations": ["webhooks"],
  "discovery.k8s.io/endpointslices": ["addressType", "endpoints", "ports"],
  "scheduling.k8s.io/priorityclasses": [],
}

export type Traits = {
  readonly allowCreateOnUpdate: boolean
  readonly allowUnconditionalUpdate: boolean
  readonly deleteReturnsObject: boolean
  readonly generation: "spec" | "none"
  readonly generationFields: readonly string[] | undefined
  readonly orphansByDefault: boolean
  readonly volatile: boolean
}

/** @param key  `group/resource`, `/pods` for the core group */
export function traitsOf(key: string): Traits {
  return {
    allowCreateOnUpdate: CREATE_ON_UPDATE.has(key),
    allowUnconditionalUpdate: !CONDITIONAL_UPDATE.has(key),
    deleteReturnsObject: DELETE_RETURNS_OBJECT.has(key),
    generation: SPEC_GENERATION.has(key) ? "spec" : "none",
    generationFields: FIELD_GENERATION[key],
    orphansByDefault: ORPHANS_BY_DEFAULT.has(key),
    // Heartbeats: to lose the last seconds of them in a crash costs nothing, a disk write for each would bound the fleet.
    volatile: key === "coordination.k8s.io/leases",
  }
}
