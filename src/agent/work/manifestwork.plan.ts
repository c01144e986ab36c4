import { isConditionTrue, setCondition } from "#apimachinery/conditions.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { AppliedResource, ManifestWorkStatus } from "#api/work/parts.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { APPLIED_WORK_FINALIZER, HUB_IDENTITY_ANNOTATION, WORK_FINALIZER } from "#api/work/names.ts"
import type { Write } from "#runtime/apply-plan.ts"
import type { ManifestResult } from "./work-status.plan.ts"
import { isStatusChanged } from "./work-status.plan.ts"
import { sortResources, untracked } from "./removal.plan.ts"

export type ObservedWork = {
  /** As the hub has it, or as it was last known. */
  readonly work: ManifestWork | undefined
  readonly applied: AppliedManifestWork | undefined
  /** Whether the hub's own list has the work now. undefined: the list cannot be asked. */
  readonly onHub: boolean | undefined
}

/**
 * - `forget`: nothing is left to do for the work here
 * - `keep`: nothing is known of the work but what it applied; the eviction controller decides
 * - `remove`: the work is deleted, or its AppliedManifestWork is: what was applied goes
 * - `freeze`: the work is Complete: it is neither applied nor reported any more
 * - `apply`: everything else, a work that is missing from the hub without having been deleted included
 */
export type WorkStep = "forget" | "keep" | "remove" | "freeze" | "apply"

export function planStep({ work, applied, onHub }: ObservedWork): WorkStep {
  if (work === undefined) return applied === undefined ? "forget" : "keep"
  if (work.metadata.deletionTimestamp !== undefined) {
    return applied === undefined && !isClaimed(work) ? "forget" : "remove"
  }
  if (applied?.metadata.deletionTimestamp !== undefined) return "remove"
  if (onHub === false && applied === undefined) return "forget"
  if (isConditionTrue(work.status?.conditions, "Complete")) return "freeze"
  return "apply"
}

const isClaimed = (work: ManifestWork): boolean => work.metadata.finalizers?.includes(WORK_FINALIZER) ?? false

export type AgentIdentity = {
  readonly hubHash: string
  readonly agentId: string
  /** The uid of the ManagedCluster on the hub: another one is another hub, or one that lost its data. */
  readonly hubIdentity: string | undefined
}

export const appliedWorkName = (hubHash: string, workName: string): string => `${hubHash}-${workName}`

/**
 * What has to be there before anything is applied: the finalizer, so that no deletion of the work goes unseen, and
 * the AppliedManifestWork, which owns what is applied. Independent of each other. One that another agent made before, such
 * as OCM's, is taken over: whose it is decides who takes it away when the cluster is detached or the work has vanished.
 */
export function planClaim(
  { work, applied, onHub }: ObservedWork & { readonly work: ManifestWork },
  identity: AgentIdentity,
): { readonly hub?: Write; readonly member?: Write } {
  const { name, namespace, uid, resourceVersion, finalizers = [], labels } = work.metadata
  const hub: Write = {
    do: "patch",
    type: MANIFEST_WORKS,
    key: { name: name!, namespace: namespace! },
    patch: { metadata: { finalizers: [...finalizers, WORK_FINALIZER] } },
    uid: uid!,
    resourceVersion: resourceVersion!,
  }
  const annotations = identity.hubIdentity === undefined ? {} : { [HUB_IDENTITY_ANNOTATION]: identity.hubIdentity }
  const member: Write = {
    do: "create",
    type: APPLIED_MANIFEST_WORKS,
    object: {
      apiVersion: "work.open-cluster-management.io/v1",
      kind: "AppliedManifestWork",
      metadata: {
        name: appliedWorkName(identity.hubHash, name!),
        ...(labels === undefined ? {} : { labels }),
        annotations,
        finalizers: [APPLIED_WORK_FINALIZER],
      },
      spec: { hubHash: identity.hubHash, agentID: identity.agentId, manifestWorkName: name! },
    } as AppliedManifestWork,
  }
  const takeOver = onHub === true && applied !== undefined && applied.spec.agentID !== identity.agentId
  return {
    ...(isClaimed(work) || onHub !== true ? {} : { hub }),
    ...(applied === undefined ? { member } : {}),
    ...(takeOver ? { member: taken(applied, { agentID: identity.agentId, annotations }) } : {}),
  }
}

const taken = (
  { metadata }: AppliedManifestWork,
  { agentID, annotations }: { readonly agentID: string; readonly annotations: Readonly<Record<string, string>> },
): Write => ({
  do: "patch",
  type: APPLIED_MANIFEST_WORKS,
  key: { name: metadata.name! },
  patch: { metadata: { annotations }, spec: { agentID } },
  uid: metadata.uid!,
})

export type AppliedOutcome = {
  /** To be recorded, apart from what waits to be removed. */
  readonly resources: readonly AppliedResource[]
  /** Recorded, and in the spec no more. */
  readonly removed: readonly AppliedResource[]
  readonly why: readonly string[]
}

/** Which objects belong to the work after a pass, and which left it. */
export function planOutcome(
  work: ManifestWork,
  recorded: readonly AppliedResource[],
  results: readonly ManifestResult[],
): AppliedOutcome {
  const resources: AppliedResource[] = []
  const named: AppliedResource[] = []
  for (const { manifest, live } of results) {
    const { group = "", version = "", resource = "", name = "", namespace = "" } = manifest.meta
    if (resource === "" || manifest.strategy.type === "ReadOnly") continue
    const described = { group, version, resource, name, namespace }
    named.push(described)
    const before = recorded.find((r) => untracked([r], [described]).length === 0)
    if (live) resources.push({ ...described, uid: live.metadata.uid ?? "" })
    else if (live === undefined && before) resources.push(before)
  }
  const gone = untracked(recorded, named)
  const why: string[] = []
  // A kind that discovery does not know at the moment may be that of a recorded object.
  if (gone.length > 0 && results.some(({ manifest }) => manifest.target === undefined)) {
    why.push("nothing is pruned: a manifest's kind is not known")
  }
  // A new hub under the old address knows nothing yet: what the old one asked for stays until this one applied once.
  if (gone.length > 0 && !work.status?.conditions?.some((condition) => condition.type === "Applied")) {
    why.push("nothing is pruned: the work has not been reported as applied to this hub yet")
  }
  return why.length > 0 ? { resources: [...resources, ...gone], removed: [], why } : { resources, removed: gone, why }
}

/** The two status writes that end a pass; independent of each other. */
export function planReport(
  { work, applied, onHub }: ObservedWork & { readonly work: ManifestWork; readonly applied: AppliedManifestWork },
  resources: readonly AppliedResource[],
  status: ManifestWorkStatus,
): { readonly hub?: Write; readonly member?: Write } {
  const appliedResources = sortResources(resources)
  const isRecorded = deepEqual(applied.status?.appliedResources ?? [], appliedResources)
  const isEvicting = onHub === true && applied.status?.evictionStartTime !== undefined
  const member: Write = {
    do: "patch",
    type: APPLIED_MANIFEST_WORKS,
    key: { name: applied.metadata.name! },
    patch: { status: { appliedResources, ...(isEvicting ? { evictionStartTime: null } : {}) } },
    subresource: "status",
    uid: applied.metadata.uid!,
  }
  return {
    ...(isRecorded && !isEvicting ? {} : { member }),
    ...(onHub === true && isStatusChanged(work, status) ? { hub: statusAction(work, status) } : {}),
  }
}

function statusAction(work: ManifestWork, status: ManifestWorkStatus): Write {
  const { name, namespace, uid } = work.metadata
  return {
    do: "patch",
    type: MANIFEST_WORKS,
    key: { name: name!, namespace: namespace! },
    patch: { status },
    subresource: "status",
    uid: uid!,
  }
}

/** Says on the hub that removal is under way. Only when it does not end at once: most removals do. */
export function planDeleting(work: ManifestWork, nowMs: number): Write | undefined {
  const conditions = setCondition(
    work.status?.conditions,
    {
      type: "Deleting",
      status: "True",
      reason: "WorkDeleting",
      message: "ManifestWork is being deleted",
      observedGeneration: work.metadata.generation ?? 0,
    },
    nowMs,
  )
  return conditions === work.status?.conditions ? undefined : statusAction(work, { conditions })
}

/** Lets go, once nothing that was applied is left. Independent of each other. */
export function planRelease({ work, applied, onHub }: ObservedWork): {
  readonly hub?: Write
  readonly member?: Write
} {
  const isDeleted = work?.metadata.deletionTimestamp !== undefined && onHub !== false && isClaimed(work)
  const owns = applied?.metadata.finalizers?.includes(APPLIED_WORK_FINALIZER) ?? false
  return {
    ...(isDeleted
      ? {
          hub: {
            do: "patch",
            type: MANIFEST_WORKS,
            key: { name: work.metadata.name!, namespace: work.metadata.namespace! },
            patch: { metadata: { finalizers: without(work.metadata.finalizers, WORK_FINALIZER) } },
            uid: work.metadata.uid!,
            resourceVersion: work.metadata.resourceVersion!,
          },
        }
      : {}),
    ...(applied && owns
      ? {
          member: {
            do: "patch",
            type: APPLIED_MANIFEST_WORKS,
            key: { name: applied.metadata.name! },
            patch: { metadata: { finalizers: without(applied.metadata.finalizers, APPLIED_WORK_FINALIZER) } },
            uid: applied.metadata.uid!,
            resourceVersion: applied.metadata.resourceVersion!,
          },
        }
      : {}),
  }
}

const without = (finalizers: readonly string[] | undefined, finalizer: string): readonly string[] =>
  (finalizers ?? []).filter((candidate) => candidate !== finalizer)

/** Deletes the AppliedManifestWork; its finalizer holds it until everything that it owns is gone. */
export function planDelete(applied: AppliedManifestWork): Write | undefined {
  if (applied.metadata.deletionTimestamp !== undefined) return undefined
  return {
    do: "delete",
    type: APPLIED_MANIFEST_WORKS,
    key: { name: applied.metadata.name! },
    uid: applied.metadata.uid!,
    propagationPolicy: "Background",
  }
}
