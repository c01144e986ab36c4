// What an upgrade of the fleet's agents does next: pure.
import { WORK_APPLIED } from "#api/work/names.ts"
import type { FieldValue } from "#api/work/parts.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"

/** `1`: so many clusters; `10%`: so much of all. Always of the whole, not of what is left. */
export type Stage = { readonly count: number } | { readonly percent: number }

/** @returns undefined when the text is neither a count nor a percentage */
export function parseStage(text: string): Stage | undefined {
  const [, digits = "", percent] = /^(\d{1,6})(%?)$/.exec(text) ?? []
  const value = Number(digits)
  if (digits === "" || value === 0 || (percent === "%" && value > 100)) return undefined
  return percent === "%" ? { percent: value } : { count: value }
}

/**
 * Lays clusters out in stages, in their order. Each stage reaches at least as far as it says, counted from the first cluster; what no
 * stage reaches is a last one of its own, and a stage that adds nobody is left out.
 */
export function stagesOf(clusters: readonly string[], stages: readonly Stage[]): string[][] {
  const laid: string[][] = []
  let from = 0
  for (const stage of [...stages, { percent: 100 }]) {
    const reach = "count" in stage ? stage.count : Math.ceil((clusters.length * stage.percent) / 100)
    const to = Math.min(reach, clusters.length)
    if (to > from) laid.push(clusters.slice(from, to))
    from = Math.max(from, to)
  }
  return laid
}

/** How far a cluster's agent is. */
export type Standing =
  | { readonly state: "done" }
  | { readonly state: "waits"; readonly why: string }
  | { readonly state: "failed"; readonly why: string }

/** What the work asks to be told of the Deployment: name -> path. */
export const FEEDBACK: Readonly<Record<string, string>> = {
  generation: ".metadata.generation",
  observed: ".status.observedGeneration",
  replicas: ".status.replicas",
  updated: ".status.updatedReplicas",
  ready: ".status.readyReplicas",
  progress: '.status.conditions[?(@.type=="Progressing")].reason',
  message: '.status.conditions[?(@.type=="Progressing")].message',
}

/** @param work  the upgrade's, as the hub has it now */
export function standingOf(work: ManifestWork): Standing {
  const applied = findCondition(work.status?.conditions, WORK_APPLIED)
  if (applied === undefined || (applied.observedGeneration ?? 0) < (work.metadata.generation ?? 0)) {
    return { state: "waits", why: "its agent has not answered" }
  }
  const [manifest] = work.status?.resourceStatus?.manifests ?? []
  if (applied.status !== "True") {
    const told = findCondition(manifest?.conditions, WORK_APPLIED)
    return { state: "failed", why: told?.message ?? applied.message }
  }
  const values = new Map(manifest?.statusFeedback?.values?.map(({ name, fieldValue }) => [name, fieldValue]))
  const number = (name: string) => values.get(name)?.integer ?? 0
  if (textOf(values.get("progress")) === "ProgressDeadlineExceeded") {
    return { state: "failed", why: textOf(values.get("message")) ?? "the new agent does not become ready" }
  }
  const replicas = number("replicas")
  const isRolledOut =
    values.has("observed") &&
    number("observed") >= number("generation") &&
    number("updated") > 0 &&
    number("updated") === replicas &&
    number("ready") === replicas
  if (isRolledOut) return { state: "done" }
  return { state: "waits", why: `${number("updated")} of the new agent, ${number("ready")} ready` }
}

const textOf = (value: FieldValue | undefined): string | undefined => value?.string ?? undefined
