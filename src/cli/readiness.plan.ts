import { AVAILABLE, HUB_ACCEPTED, JOINED } from "#api/cluster/names.ts"
import type { ManifestWorkReplicaSet } from "#api/work/v1alpha1.ts"
import { WORK_APPLIED, WORK_AVAILABLE } from "#api/work/names.ts"
import { findCondition, type Condition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"

/** Conditions that make an object ready, by kind. What is not here is ready once it is written. */
const CONDITIONS: Readonly<Record<string, readonly string[]>> = {
  ManagedCluster: [HUB_ACCEPTED, JOINED, AVAILABLE],
  ManifestWork: [WORK_APPLIED, WORK_AVAILABLE],
  ManifestWorkReplicaSet: ["PlacementVerified", "ManifestworkApplied"],
  Placement: ["PlacementSatisfied"],
  CustomResourceDefinition: ["Established"],
}

/**
 * Whether an object has become what its author asked for, as far as its status tells: what `hawser apply --wait` waits
 * for. A status of an earlier generation does not count.
 *
 * @returns what is missing, undefined when nothing is
 */
export function whatIsMissing(object: UnknownObject): string | undefined {
  const status = object["status"] as { readonly conditions?: readonly Condition[] } | undefined
  for (const type of CONDITIONS[object.kind] ?? []) {
    const condition = findCondition(status?.conditions, type)
    if (condition === undefined) return `condition ${type} is not there yet`
    if (condition.status !== "True") {
      return `condition ${type} is ${condition.status}: ${condition.message || condition.reason || "no reason given"}`
    }
    const seen = condition.observedGeneration
    if (seen !== undefined && seen < (object.metadata.generation ?? 0)) {
      return `condition ${type} is of generation ${seen}, not ${object.metadata.generation}`
    }
  }
  return object.kind === "ManifestWorkReplicaSet"
    ? missingWorks(object as unknown as ManifestWorkReplicaSet)
    : undefined
}

function missingWorks({ status }: ManifestWorkReplicaSet): string | undefined {
  const { total = 0, available = 0, applied = 0 } = status?.summary ?? {}
  if (applied < total) return `${applied} of ${total} works are applied`
  return available < total ? `${available} of ${total} works are available` : undefined
}
