import { conditions } from "#api/schema/metav1.ts"
import { array, int64, listByKey, object, oneOf, optional, string } from "#api/schema/schema.ts"
import { defineKind, resourceTypeOf, type ObjectOf } from "#api/schema/kind.ts"

export const ADDON_GROUP = "addon.open-cluster-management.io"

const group = { group: optional(string({ description: "The configuration's group.", default: "" })) }
const resource = { resource: string({ description: "The configuration's resource.", minLength: 1 }) }
const referent = {
  name: string({ description: "The configuration's name.", minLength: 1 }),
  namespace: optional(string({ description: "The configuration's namespace, unless it has none." })),
}
const specHash = object({ ...referent, specHash: optional(string({ description: "Hash of its spec." })) })

const subject = {
  user: optional(string({ description: "User name of the add-on's agent." })),
  groups: optional(array(string())),
}
/** As OCM's CRD has it: what a client certificate may be asked of. */
const SIGNER_PATTERN = "^([a-z0-9][a-z0-9-]*[a-z0-9]\\.)+[a-z]+\\/[a-z0-9-\\.]+$"

const registration = object({
  type: oneOf(["kubeClient", "customSigner"], { description: "What the add-on's agent speaks to." }),
  kubeClient: optional(
    object({
      driver: optional(oneOf(["csr", "token"], { description: "How it proves who it is; the agent sets it." })),
      subject: optional(object(subject)),
    }),
  ),
  customSigner: optional(
    object({
      signerName: string({ minLength: 5, maxLength: 571, pattern: SIGNER_PATTERN }),
      subject: optional(object({ ...subject, organizationUnits: optional(array(string())) })),
    }),
  ),
})

const status = object({
  addOnMeta: optional(object({ displayName: optional(string()), description: optional(string()) })),
  conditions: optional(conditions()),
  configReferences: optional(
    array(
      object({
        ...group,
        ...resource,
        desiredConfig: optional(specHash),
        lastAppliedConfig: optional(specHash),
        lastObservedGeneration: optional(int64()),
      }),
    ),
  ),
  healthCheck: optional(object({ mode: optional(oneOf(["Lease", "Customized"], { default: "Lease" })) })),
  namespace: optional(string({ description: "Where on the cluster the add-on's lease and credentials are." })),
  registrations: optional(array(registration, { description: "What its agent gets credentials for." })),
  relatedObjects: optional(
    array(object({ group: string(), resource: string(), namespace: optional(string()), name: string() })),
  ),
  supportedConfigs: optional(listByKey(["group", "resource"], object({ ...group, ...resource }))),
})

const conditionColumn = (name: string) =>
  ({ name, type: "string", jsonPath: `.status.conditions[?(@.type=="${name}")].status` }) as const

/**
 * Served so that OCM's agents can look: their registration agent ends ten minutes after its start when it cannot list
 * add-ons. Nothing of ours acts on them yet.
 */
export const managedClusterAddOn = defineKind({
  group: ADDON_GROUP,
  version: "v1beta1",
  kind: "ManagedClusterAddOn",
  plural: "managedclusteraddons",
  shortNames: ["mca", "mcas"],
  namespaced: true,
  description: "An add-on on the cluster in whose namespace the object is.",
  schema: object({
    spec: object({ configs: optional(array(object({ ...group, ...resource, ...referent }))) }),
    status: optional(status),
  }),
  statusSubresource: true,
  columns: [conditionColumn("Available"), conditionColumn("Degraded"), conditionColumn("Progressing")],
})

export type ManagedClusterAddOn = ObjectOf<typeof managedClusterAddOn>
export const MANAGED_CLUSTER_ADD_ONS = resourceTypeOf(managedClusterAddOn)
