import { formatAge } from "#cli/table.ts"

/** One thing that was looked at, and what it says. */
export type Finding = {
  /** `ManagedCluster shop1`, `Lease shop1/managed-cluster-lease`. */
  readonly object: string
  /** `Available=Unknown (ManagedClusterLeaseUpdateStopped)`; or a fact. */
  readonly says: string
  readonly message?: string
  readonly sinceMs?: number
}

/** From the symptom to the cause. */
export type Explanation = {
  /** What this is about. */
  readonly subject: string
  readonly ok: boolean
  /** One sentence. */
  readonly verdict: string
  /** The way from the symptom to the cause: each follows from the next. */
  readonly findings: readonly Finding[]
  /** What else does not look right, and is not the cause. */
  readonly notes: readonly string[]
  /** What to do next: commands or things to look at. */
  readonly next: readonly string[]
}

export function formatExplanation(explanation: Explanation, nowMs: number): string {
  const { ok, verdict, findings, notes, next } = explanation
  const since = ({ sinceMs }: Finding) => (sinceMs === undefined ? "" : `, since ${formatAge(sinceMs, nowMs)}`)
  return [
    `${ok ? "✓" : "✗"} ${verdict}`,
    ...findings.flatMap((finding) => [
      `  ${finding.object}: ${finding.says}${since(finding)}`,
      ...(finding.message === undefined || finding.message === "" ? [] : [`      ${finding.message}`]),
    ]),
    ...notes.map((note) => `  note: ${note}`),
    ...next.map((step) => `  next: ${step}`),
    "",
  ].join("\n")
}
