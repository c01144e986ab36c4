import { goQuote } from "#apimachinery/go-text.ts"
import { compareText } from "#apimachinery/json.ts"
import { newStatusError, type StatusError } from "#apimachinery/status-error.ts"
import { identityText, type ManagerIdentity } from "./managers.ts"
import type { FieldConflict } from "./ownership.ts"
import { formatPath } from "./path-element.ts"

/** The refusal to take fields from their owners, in the words of the API server. */
export function conflictError(conflicts: readonly FieldConflict[]): StatusError {
  return newStatusError("Conflict", messageOf(conflicts), {
    causes: conflicts.map(({ owner, path }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${formatManager(owner)}`,
      field: formatPath(path),
    })),
  })
}

function messageOf(conflicts: readonly FieldConflict[]): string {
  const [first] = conflicts
  if (first !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${formatManager(first.owner)}: ${formatPath(first.path)}`
  }
  const byOwner = [...Map.groupBy(conflicts, ({ owner }) => identityText(owner))]
  const lines = byOwner
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => [
      `conflicts with ${formatManager(group[0]!.owner)}:`,
      ...group.map(({ path }) => `- ${formatPath(path)}`),
    ])
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`
}

function formatManager({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  const name = goQuote(manager)
  const who = subresource === "" ? name : `${name} with subresource ${goQuote(subresource)}`
  return operation === "Update" ? `${who} using ${apiVersion}` : who
}
