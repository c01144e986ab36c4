/**
 * Staged change over clusters, pure: which clusters may get the new version now. Shared by replica sets, add-ons and
 * policies.
 *
 * Source: OCM sdk-go rollout. This version carries out the strategy `All`; the others are refused by name.
 */
export type RolloutStrategy = { readonly type?: string }

export type RolloutState = "ToApply" | "Progressing" | "Succeeded" | "Failed"

export type RolloutResult =
  | { readonly rollOut: readonly string[] }
  /** The strategy cannot be carried out by this version. */
  | { readonly unsupported: string }

/** @param clusters  every selected cluster, with the state of its present version */
export function planRollout(
  strategy: RolloutStrategy | undefined,
  clusters: ReadonlyMap<string, RolloutState>,
): RolloutResult {
  const type = strategy?.type || "All"
  if (type !== "All") return { unsupported: type }
  return { rollOut: [...clusters.keys()] }
}
