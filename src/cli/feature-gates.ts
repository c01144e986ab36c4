import { CommandError, EXIT } from "./terminal.ts"

/**
 * Reads `A=true,B=false`.
 *
 * @throws CommandError for a gate that is not known, or a value that is neither true nor false
 */
export function parseFeatureGates(texts: readonly string[], known: readonly string[]): Record<string, boolean> {
  const gates: Record<string, boolean> = {}
  for (const item of texts.flatMap((text) => text.split(",")).filter((text) => text !== "")) {
    const [name = "", value] = item.split("=")
    if (!known.includes(name)) {
      throw new CommandError(`Cannot set feature gate "${name}": unknown, want one of ${known.join(", ")}`, {
        exitCode: EXIT.usage,
      })
    }
    if (value !== "true" && value !== "false") {
      throw new CommandError(`Cannot set feature gate "${name}" to "${value ?? ""}": want true or false`, {
        exitCode: EXIT.usage,
      })
    }
    gates[name] = value === "true"
  }
  return gates
}

/** Source: OCM's feature gates; those that this version knows. */
export const HUB_FEATURE_GATES = [
  "CleanUpCompletedManifestWork",
  "ClusterProfile",
  "DefaultClusterSet",
  "ManagedClusterAutoApproval",
  "ManifestWorkReplicaSet",
  "ResourceCleanup",
] as const
export const AGENT_FEATURE_GATES = ["ClusterClaim", "ClusterProperty"] as const
