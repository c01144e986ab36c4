// Why a work is as it is: from what its agent reports, and from its cluster.
import { AVAILABLE } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import {
  DRIFT_ANNOTATION,
  DRIFTED,
  WORK_APPLIED,
  WORK_AVAILABLE,
  WORK_COMPLETE,
  WORK_DELETING,
} from "#api/work/names.ts"
import type { ManifestCondition } from "#api/work/parts.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { objectText } from "#cli/drift.ts"
import { told } from "./conditions.ts"
import type { Explanation, Finding } from "./explanation.ts"

export type SeenWork = {
  readonly cluster: string
  readonly name: string
  readonly work: ManifestWork | undefined
  readonly managedCluster: ManagedCluster | undefined
  /** Of the cluster, for when it is the cause. */
  readonly clusterExplained: Explanation
}

type Cause = { readonly verdict: string; readonly findings: readonly Finding[]; readonly next: readonly string[] }

export function explainWork(seen: SeenWork): Explanation {
  const { cluster, name, work } = seen
  const subject = `work ${cluster}/${name}`
  const text = `${name} on ${cluster}`
  if (work === undefined) {
    return {
      subject,
      ok: false,
      verdict: `There is no work "${name}" for cluster "${cluster}"`,
      findings: [],
      notes: [],
      next: [`hawser get works -n ${cluster}`, "a replica set makes one only on clusters that its placement selects"],
    }
  }
  const notes = notesOf(work)
  const cause =
    leaving(seen, work) ?? unseen(seen, work) ?? refused(seen, work) ?? missing(seen, work) ?? drifting(seen, work)
  if (cause !== undefined) return { subject, ok: false, ...cause, notes }
  const object = `ManifestWork ${cluster}/${name}`
  const { conditions } = work.status ?? {}
  const bad = byRules(work)
  if (bad !== undefined) {
    return {
      subject,
      ok: false,
      verdict: `${text} is applied, and ${bad.says}`,
      findings: [bad.finding(object)],
      notes,
      next: [],
    }
  }
  return {
    subject,
    ok: true,
    verdict: isConditionTrue(conditions, WORK_COMPLETE) ? `${text} is complete` : `${text} is applied and available`,
    findings: [told(object, conditions, WORK_APPLIED), told(object, conditions, WORK_AVAILABLE)],
    notes,
    next: [],
  }
}

const objectOf = ({ cluster, name }: SeenWork) => `ManifestWork ${cluster}/${name}`

function leaving(seen: SeenWork, work: ManifestWork): Cause | undefined {
  if (work.metadata.deletionTimestamp === undefined) return undefined
  const { cluster, name } = seen
  const object = objectOf(seen)
  const deletedMs = parseTimeMs(work.metadata.deletionTimestamp)
  const held = `is being deleted, held by ${(work.metadata.finalizers ?? []).join(", ") || "nothing"}`
  const isGone = !isHeard(seen)
  return {
    verdict: isGone
      ? `${name} is being deleted, and ${cluster} is not there to take away what it applied`
      : `${name} is being deleted, and objects on ${cluster} are not gone yet`,
    findings: [
      { object, says: held, ...(deletedMs === undefined ? {} : { sinceMs: deletedMs }) },
      ...(findCondition(work.status?.conditions, WORK_DELETING)
        ? [told(object, work.status?.conditions, WORK_DELETING)]
        : []),
      ...(isGone ? seen.clusterExplained.findings : manifestFindings(seen, work, () => true).slice(0, 5)),
    ],
    next: isGone ? seen.clusterExplained.next : [`on ${cluster}: look at the finalizers of the objects that are left`],
  }
}

/** The agent has not taken notice of this version. */
function unseen(seen: SeenWork, work: ManifestWork): Cause | undefined {
  const applied = findCondition(work.status?.conditions, WORK_APPLIED)
  const { generation = 0 } = work.metadata
  if (applied !== undefined && (applied.observedGeneration ?? generation) >= generation) return undefined
  const object = objectOf(seen)
  const says =
    applied === undefined
      ? "nothing was reported"
      : `reported is version ${applied.observedGeneration} of ${generation}`
  return {
    verdict: isHeard(seen)
      ? `${seen.cluster} has not reported on this version of ${seen.name} yet`
      : `${seen.name} cannot reach its cluster: ${seen.clusterExplained.verdict}`,
    findings: [{ object, says }, ...(isHeard(seen) ? [] : seen.clusterExplained.findings)],
    next: isHeard(seen) ? ["look again in a moment; then into the agent's log"] : seen.clusterExplained.next,
  }
}

function refused(seen: SeenWork, work: ManifestWork): Cause | undefined {
  if (findCondition(work.status?.conditions, WORK_APPLIED)?.status !== "False") return undefined
  const findings = manifestFindings(
    seen,
    work,
    ({ conditions }) => findCondition(conditions, WORK_APPLIED)?.status === "False",
    WORK_APPLIED,
  )
  return {
    verdict: `${findings.length} of ${work.spec.workload?.manifests?.length ?? 0} manifests of ${seen.name} cannot be applied on ${seen.cluster}`,
    findings: [told(objectOf(seen), work.status?.conditions, WORK_APPLIED), ...findings.slice(0, 5)],
    next: [...new Set(findings.map(({ message = "" }) => adviceFor(message, work)))],
  }
}

/** What the agent's words ask for. */
function adviceFor(message: string, { spec, metadata }: ManifestWork): string {
  if (message.includes("the work is paused")) {
    return `kubectl annotate manifestwork -n ${metadata.namespace} ${metadata.name} ${DRIFT_ANNOTATION}-`
  }
  if (/forbidden|cannot .* resource/i.test(message)) {
    const who = spec.executor?.subject?.serviceAccount
    return who === undefined
      ? "give the agent the right on the cluster, or name an executor that has it"
      : `give the executor ${who.namespace}/${who.name} the right on the cluster`
  }
  if (/doesn't have a resource type|no matches for kind/i.test(message)) {
    return "the cluster does not know the kind: is its CustomResourceDefinition applied there, by an earlier manifest or another work?"
  }
  if (/conflict/i.test(message)) {
    return "another manager owns the field: let it, or set updateStrategy.serverSideApply.force"
  }
  return "mend the manifest: the message is what the cluster's API server answered"
}

function missing(seen: SeenWork, work: ManifestWork): Cause | undefined {
  const available = findCondition(work.status?.conditions, WORK_AVAILABLE)
  if (available?.status === "True") return undefined
  const findings = manifestFindings(
    seen,
    work,
    ({ conditions }) => findCondition(conditions, WORK_AVAILABLE)?.status !== "True",
    WORK_AVAILABLE,
  )
  return {
    verdict: `${findings.length} objects of ${seen.name} are not there on ${seen.cluster}`,
    findings: [told(objectOf(seen), work.status?.conditions, WORK_AVAILABLE), ...findings.slice(0, 5)],
    next: [],
  }
}

function drifting(seen: SeenWork, work: ManifestWork): Cause | undefined {
  if (!isConditionTrue(work.status?.conditions, DRIFTED)) return undefined
  const findings = manifestFindings(seen, work, ({ conditions }) => isConditionTrue(conditions, DRIFTED), DRIFTED)
  const isFight = findCondition(work.status?.conditions, DRIFTED)?.reason === "DriftContested"
  return {
    verdict: isFight
      ? `Somebody else changes objects of ${seen.name} on ${seen.cluster} back each time`
      : `${findings.length} objects of ${seen.name} on ${seen.cluster} differ from what the work says, and are left so`,
    findings: [told(objectOf(seen), work.status?.conditions, DRIFTED), ...findings.slice(0, 5)],
    next: isFight
      ? ["the manager in brackets is the other party: let one of the two leave the field alone"]
      : [`to have it corrected: kubectl annotate manifestwork -n ${seen.cluster} ${seen.name} ${DRIFT_ANNOTATION}-`],
  }
}

function byRules(work: ManifestWork) {
  const { conditions } = work.status ?? {}
  for (const [type, status, says] of [
    ["Degraded", "True", "degraded"],
    ["Progressing", "True", "still on its way"],
    ["Healthy", "False", "not healthy"],
  ] as const) {
    if (findCondition(conditions, type)?.status === status)
      return { says, finding: (object: string) => told(object, conditions, type) }
  }
  return undefined
}

const isHeard = ({ managedCluster }: SeenWork) => isConditionTrue(managedCluster?.status?.conditions, AVAILABLE)

function manifestFindings(
  { cluster }: SeenWork,
  { status }: ManifestWork,
  picks: (manifest: ManifestCondition) => boolean,
  type: string = WORK_AVAILABLE,
): readonly Finding[] {
  const manifests = status?.resourceStatus?.manifests ?? []
  return manifests
    .filter(picks)
    .map((manifest) => told(`${objectText(manifest.resourceMeta)} on ${cluster}`, manifest.conditions, type))
}

function notesOf(work: ManifestWork): readonly string[] {
  const drift = findCondition(work.status?.conditions, DRIFTED)
  const mode = work.metadata.annotations?.[DRIFT_ANNOTATION]
  return [
    ...(drift?.reason === "DriftCorrected" ? [`drift was corrected: ${drift.message} (hawser drift)`] : []),
    ...(mode === undefined || mode === "correct" ? [] : [`${DRIFT_ANNOTATION} is ${mode}`]),
  ]
}
