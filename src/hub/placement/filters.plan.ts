import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import { parseTimeMs } from "#lib/clock.ts"

type Predicate = NonNullable<Placement["spec"]["predicates"]>[number]
type Toleration = NonNullable<Placement["spec"]["tolerations"]>[number]
type Taint = NonNullable<ManagedCluster["spec"]["taints"]>[number]

/** A Placement that cannot be carried out as written: its decisions are emptied and the reason is shown. */
export class Misconfigured extends Error {
  override readonly name = "Misconfigured"
}

/**
 * Predicates are alternatives; within one, labels and claims must both match. None at all matches every cluster.
 *
 * @throws Misconfigured for a selector that cannot be read, and for CEL, which this version does not evaluate
 */
export function compilePredicates(predicates: readonly Predicate[]): (cluster: ManagedCluster) => boolean {
  if (predicates.length === 0) return () => true
  const compiled = predicates.map(compilePredicate)
  return (cluster) => compiled.some((matches) => matches(cluster))
}

function compilePredicate(predicate: Predicate): (cluster: ManagedCluster) => boolean {
  const selector = predicate.requiredClusterSelector ?? {}
  if ((selector.celSelector?.celExpressions ?? []).length > 0) {
    throw new Misconfigured(
      "celSelector is not supported by this version of Hawser: use labelSelector or claimSelector",
    )
  }
  try {
    const labels = labelSelectorOf(selector.labelSelector ?? {})
    const claims = labelSelectorOf({ matchExpressions: selector.claimSelector?.matchExpressions ?? [] })
    return (cluster) => labels.matches(cluster.metadata.labels ?? {}) && claims.matches(claimsOf(cluster))
  } catch (error) {
    throw new Misconfigured(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** A cluster's claims as a label map: the last value of a name counts. */
export function claimsOf(cluster: ManagedCluster): Record<string, string> {
  const claims: Record<string, string> = {}
  for (const { name, value } of cluster.status?.clusterClaims ?? []) claims[name] = value
  return claims
}

/** @throws Misconfigured for a toleration that makes no sense */
export function checkTolerations(tolerations: readonly Toleration[]): void {
  for (const t of tolerations) {
    if (t.operator === "Exists" && t.value) {
      throw new Misconfigured(`value must be empty when operator is "Exists" in toleration of "${t.key ?? ""}"`)
    }
    if (!t.key && t.operator !== "Exists") {
      throw new Misconfigured(`operator must be "Exists" when key is empty in a toleration`)
    }
  }
}

export type TolerationVerdict = {
  readonly tolerated: boolean
  /** When a toleration with `tolerationSeconds` ends and the verdict has to be made again. */
  readonly expiresAtMs?: number
}

/**
 * Every taint must be tolerated, save PreferNoSelect (never filters) and NoSelectIfNew on a cluster that is already
 * decided.
 */
export function judgeTaints(
  cluster: ManagedCluster,
  tolerations: readonly Toleration[],
  options: { readonly decided: boolean; readonly nowMs: number },
): TolerationVerdict {
  let expiresAtMs: number | undefined
  for (const taint of cluster.spec.taints ?? []) {
    if (taint.effect === "PreferNoSelect") continue
    if (taint.effect === "NoSelectIfNew" && options.decided) continue
    const until = toleratedUntilMs(taint, tolerations)
    if (until === undefined || until <= options.nowMs) return { tolerated: false }
    if (until !== Infinity) expiresAtMs = Math.min(expiresAtMs ?? Infinity, until)
  }
  return expiresAtMs === undefined ? { tolerated: true } : { tolerated: true, expiresAtMs }
}

/** @returns Infinity without a limit, undefined when no toleration fits */
function toleratedUntilMs(taint: Taint, tolerations: readonly Toleration[]): number | undefined {
  let best: number | undefined
  for (const t of tolerations) {
    if (!matchesTaint(t, taint)) continue
    const until =
      t.tolerationSeconds === undefined ? Infinity : (parseTimeMs(taint.timeAdded) ?? 0) + t.tolerationSeconds * 1000
    best = Math.max(best ?? -Infinity, until)
  }
  return best
}

function matchesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === "Exists") return true
  // The API does not say which operators there are: one that nobody knows tolerates nothing.
  return (toleration.operator || "Equal") === "Equal" && (toleration.value ?? "") === (taint.value ?? "")
}
