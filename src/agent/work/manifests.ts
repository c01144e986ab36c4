import type { ResourceType } from "#apimachinery/gvk.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type {
  ConditionRule,
  DeleteOption,
  FeedbackRule,
  ManifestConfigOption,
  ManifestResourceMeta,
  ResourceIdentifier,
  UpdateStrategy,
} from "#api/work/parts.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { IgnoreFieldError, ignoredFields, withHash, type IgnoredFields } from "./ignore-fields.ts"
import { withoutNulls } from "./manifest-merge.ts"

/** One manifest of a work, ready to be applied. */
export type PreparedManifest = {
  /** Position in the spec. */
  readonly ordinal: number
  /** Lower ranks are applied first. */
  readonly rank: number
  readonly meta: ManifestResourceMeta
  /** Absent, with `error` set, when the member does not serve the kind or the manifest is none. */
  readonly target?: Target
  /** As the manifest says it, without what only servers write and without nulls. */
  readonly object: UnknownObject
  readonly strategy: UpdateStrategy
  readonly feedbackRules: readonly FeedbackRule[]
  readonly conditionRules: readonly ConditionRule[]
  /** Whether the object goes when the work goes. */
  readonly owned: boolean
  /** What of it is somebody else's to say once the object is there. */
  readonly ignored?: IgnoredFields
  readonly error?: string
  /** Set beside `error` when it is not OCM's usual one. */
  readonly errorReason?: string
}

/** Where a manifest's object lives on the member. */
export type Target = {
  readonly type: ResourceType
  readonly namespace?: string
  readonly name: string
}

/** `apps/v1/deployments/namespace/name`: one key per object, whoever names it. */
export function targetKey({ type, namespace, name }: Target): string {
  return `${typeKey(type)}/${namespace ?? ""}/${name}`
}

export function typeKey(type: ResourceType): string {
  return `${type.group}/${type.version}/${type.resource}`
}

/**
 * Kinds in the order in which they are applied; unlisted ones come last.
 * Source: OCM pkg/work/spoke/controllers/manifestcontroller, resourceApplyOrder.
 */
const RANKS: readonly (readonly string[])[] = [
  ["PriorityClass", "Namespace", "CustomResourceDefinition", "StorageClass", "PersistentVolume", "PodSecurityPolicy"],
  ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  ["NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget", "ServiceAccount"],
  ["Secret", "ConfigMap", "PersistentVolumeClaim"],
  ["Service"],
  [
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
  ],
  [
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ],
]

const RANK_OF_KIND = new Map(RANKS.flatMap((kinds, rank) => kinds.map((kind) => [kind, rank] as const)))
const RANK_UNLISTED = 1000
const RANK_UNREADABLE = 1001

export type ResourceOf = (apiVersion: string, kind: string) => ResourceType | undefined

/** @returns the work's manifests in the order of its spec */
export function prepareManifests(work: ManifestWork, resourceOf: ResourceOf): readonly PreparedManifest[] {
  const manifests = work.spec.workload?.manifests ?? []
  return manifests.map((manifest, ordinal) => prepareManifest(work, manifest as UnknownObject, ordinal, resourceOf))
}

/** Groups of manifests that may be applied side by side, one group after the other. */
export function applyOrder(manifests: readonly PreparedManifest[]): readonly (readonly PreparedManifest[])[] {
  const byRank = Map.groupBy(manifests, (manifest) => manifest.rank)
  return [...byRank.keys()].sort((a, b) => a - b).map((rank) => byRank.get(rank)!)
}

function prepareManifest(
  work: ManifestWork,
  manifest: UnknownObject,
  ordinal: number,
  resourceOf: ResourceOf,
): PreparedManifest {
  const plain = { strategy: { type: "Update" }, feedbackRules: [], conditionRules: [], owned: true } as const
  const { apiVersion, kind, metadata } = manifest
  const { name } = metadata ?? {}
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") {
    const meta = { ordinal, group: "", version: "", kind: "", resource: "", name: "", namespace: "" }
    return {
      ...plain,
      ordinal,
      meta,
      rank: RANK_UNREADABLE,
      object: manifest,
      error: `Cannot read manifest ${ordinal}: want apiVersion, kind and metadata.name`,
    }
  }
  const { group, version } = parseApiVersion(apiVersion)
  const type = resourceOf(apiVersion, kind)
  const namespace = type?.namespaced === false ? undefined : metadata.namespace
  const meta = { ordinal, group, version, kind, resource: type?.resource ?? "", name, namespace: namespace ?? "" }
  const rank = RANK_OF_KIND.get(kind) ?? RANK_UNLISTED
  const object = cleanManifest(manifest, namespace)
  if (type === undefined) {
    return { ...plain, ordinal, meta, rank, object, error: `the server doesn't have a resource type "${kind}"` }
  }
  if (type.namespaced && namespace === undefined) {
    return { ...plain, ordinal, meta, rank, object, error: `Cannot apply ${kind} "${name}": it has no namespace` }
  }
  const config = configFor(meta, work.spec.manifestConfigs ?? [])
  return {
    ...config,
    ordinal,
    rank,
    meta,
    target: { type, name, ...(namespace === undefined ? {} : { namespace }) },
    ...ignoringFields(object, config.strategy, manifest),
    owned: isOwned(meta, work.spec.deleteOption),
  }
}

function ignoringFields(
  object: UnknownObject,
  strategy: UpdateStrategy,
  said: UnknownObject,
): Pick<PreparedManifest, "object" | "ignored" | "error" | "errorReason"> {
  try {
    const ignored = ignoredFields(object, strategy, said)
    return ignored === undefined ? { object } : { object: withHash(object, ignored), ignored }
  } catch (error) {
    if (!(error instanceof IgnoreFieldError)) throw error
    return { object, error: error.message, errorReason: "AppliedManifestSSAIgnoreFieldError" }
  }
}

/** Metadata that a manifest may say. The rest belongs to the server or to us. */
const METADATA_SAID = ["labels", "annotations", "finalizers"] as const

function cleanManifest(manifest: UnknownObject, namespace: string | undefined): UnknownObject {
  const metadata: Record<string, unknown> = { name: manifest.metadata.name }
  if (namespace !== undefined) metadata.namespace = namespace
  for (const field of METADATA_SAID) if (manifest.metadata[field]) metadata[field] = manifest.metadata[field]
  const { status: _status, ...said } = manifest
  return withStringData(withoutNulls({ ...said, metadata }))
}

/** A Secret's stringData is write-only: what can be read back, and compared, is data. */
function withStringData(object: UnknownObject): UnknownObject {
  if (object.kind !== "Secret" || object.apiVersion !== "v1" || !isJsonObject(object.stringData)) return object
  const { stringData, ...rest } = object
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString("base64")])
  return { ...rest, data: { ...(isJsonObject(object.data) ? object.data : {}), ...Object.fromEntries(encoded) } }
}

/** The first match says it, for each field on its own. Source: OCM helper.FindManifestConfiguration. */
function configFor(
  meta: ManifestResourceMeta,
  options: readonly ManifestConfigOption[],
): Pick<PreparedManifest, "strategy" | "feedbackRules" | "conditionRules"> {
  const matching = options.filter((option) => matches(meta, option.resourceIdentifier))
  const firstOf = <T>(pick: (option: ManifestConfigOption) => readonly T[] | undefined): readonly T[] =>
    matching.map(pick).find((rules) => rules !== undefined && rules.length > 0) ?? []
  return {
    strategy: matching.find((option) => option.updateStrategy)?.updateStrategy ?? { type: "Update" },
    feedbackRules: firstOf((option) => option.feedbackRules),
    conditionRules: firstOf((option) => option.conditionRules),
  }
}

function matches(meta: ManifestResourceMeta, wanted: ResourceIdentifier): boolean {
  return (
    (meta.group ?? "") === (wanted.group ?? "") &&
    meta.resource === wanted.resource &&
    wildcard(wanted.namespace ?? "", meta.namespace ?? "") &&
    wildcard(wanted.name, meta.name ?? "")
  )
}

function wildcard(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")
  return new RegExp(`^${source}$`).test(text)
}

/** Source: OCM helper.OwnedByTheWork; orphaning rules match exactly, without wildcards. */
export function isOwned(object: Partial<ResourceIdentifier>, deleteOption: DeleteOption | undefined): boolean {
  if (deleteOption?.propagationPolicy === "Orphan") return false
  if (deleteOption?.propagationPolicy !== "SelectivelyOrphan") return true
  const rules = deleteOption.selectivelyOrphans?.orphaningRules ?? []
  return !rules.some(
    (rule) =>
      (rule.group ?? "") === (object.group ?? "") &&
      rule.resource === object.resource &&
      rule.name === object.name &&
      (rule.namespace ?? "") === (object.namespace ?? ""),
  )
}
