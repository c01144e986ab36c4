import type { Clock } from "#lib/clock.ts"
import { sleep } from "#lib/clock.ts"
import { describeError } from "#lib/log.ts"
import type { Log } from "#lib/log.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import type { EventRecorder } from "#kube/events.ts"
import type { KubeClient } from "#kube/client.ts"
import { driftModeOf, planDrift, planNoDrift, withRivals, type SeenDrift } from "./drift.plan.ts"
import type { Executors } from "./executor.ts"
import { ExecutorRefusal } from "./executor.ts"
import { applyOrder, targetKey } from "./manifests.ts"
import type { PreparedManifest, Target } from "./manifests.ts"
import type { MemberObjects } from "./member-objects.ts"
import { ApplyConflict, WorkPaused, writeObject } from "./object-writer.ts"
import { targetOf } from "./removal.ts"
import { ownerOf } from "./work-state.ts"
import type { WorkState } from "./work-state.ts"
import type { WorkMetrics } from "./work-metrics.ts"
import type { ManifestResult } from "./work-status.plan.ts"

export type ApplyPass = {
  readonly client: KubeClient
  readonly objects: MemberObjects
  readonly executors: Executors
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly metrics: WorkMetrics
  readonly events: EventRecorder
  readonly state: WorkState
  readonly work: ManifestWork
  readonly applied: AppliedManifestWork
}

export type PassResult = {
  /** In the order of the spec. */
  readonly results: readonly ManifestResult[]
  /** Whether trying again may help. */
  readonly failed: boolean
  /** When to come back for something that has to wait. */
  readonly waitMs: number | undefined
}

/** How long a first full state of a type is waited for before its objects are asked for one by one. */
const SYNC_WAIT_MS = 3_000

/** Applies manifests in the order of their kinds, those of one rank side by side. One that fails stops no other. */
export async function applyManifests(pass: ApplyPass, manifests: readonly PreparedManifest[]): Promise<PassResult> {
  const results = new Map<number, ManifestResult>()
  const outcome = { failed: false, waitMs: Infinity }
  for (const group of applyOrder(manifests)) {
    await Promise.all(
      group.map(async (manifest) => {
        const { waitMs, failed, ...result } = await applyOne(pass, manifest)
        outcome.waitMs = Math.min(outcome.waitMs, waitMs ?? Infinity)
        outcome.failed ||= failed ?? false
        results.set(manifest.ordinal, result)
      }),
    )
  }
  const inOrder = manifests.map(({ ordinal }) => results.get(ordinal)!)
  tellFailures(pass, inOrder)
  return {
    results: inOrder,
    failed: outcome.failed,
    waitMs: outcome.waitMs === Infinity ? undefined : outcome.waitMs,
  }
}

/** One event for a work, and no other until what fails is something else: tries go on for as long as it fails. */
function tellFailures({ state, work, events, signal }: ApplyPass, results: readonly ManifestResult[]): void {
  const [first, ...others] = results.filter(({ error }) => error !== undefined)
  if (signal.aborted) return
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`
  const note = first === undefined ? undefined : `Cannot apply ${nameOf(first.manifest)}: ${first.error}${more}`
  if (note !== undefined && note !== state.toldFailure) {
    events.event(work, "Warning", "AppliedManifestWorkFailed", "Apply", note)
  }
  state.toldFailure = note
}

/** Drift that is left as the work says is for the conditions alone: nothing has happened to it. */
function tellDrift({ events, work }: ApplyPass, name: string, { state, fields }: SeenDrift): void {
  const what = `${name}: ${fields.join("; ")}`
  if (state === "corrected") events.event(work, "Normal", "DriftCorrected", "Apply", `Corrected ${what}`)
  if (state === "contested") {
    events.event(work, "Warning", "DriftContested", "Apply", `Changed back each time it is corrected: ${what}`)
  }
}

/** `ConfigMap "default/a"`, and for a manifest without a name its place in the work. */
function nameOf({ meta, ordinal }: PreparedManifest): string {
  const { kind = "", namespace = "", name = "" } = meta
  return name === "" ? `manifest ${ordinal}` : `${kind} "${namespace === "" ? name : `${namespace}/${name}`}"`
}

type OneResult = ManifestResult & { readonly waitMs?: number | undefined; readonly failed?: boolean }

async function applyOne(pass: ApplyPass, manifest: PreparedManifest): Promise<OneResult> {
  const { target } = manifest
  if (target === undefined) {
    return { manifest, error: manifest.error ?? "Cannot apply manifest", live: undefined, failed: true }
  }
  if (manifest.error !== undefined) {
    // Nothing but another version of the work helps.
    const live = await pass.objects.find(target, pass.signal).catch(() => undefined)
    return { manifest, error: manifest.error, live }
  }
  try {
    await lookUp(pass, manifest, target)
    if (isComplete(pass.work, manifest)) return { manifest, live: pass.objects.get(target) }
    await pass.executors.check(pass.work, manifest, pass.signal)
    return await write(pass, { ...manifest, target })
  } catch (error) {
    const refusal = error instanceof ExecutorRefusal ? error : undefined
    const failed = refusal === undefined && !(error instanceof ApplyConflict || error instanceof WorkPaused)
    pass.log.debug("Cannot apply manifest", { object: targetKey(target), error })
    const live = await pass.objects.find(target, pass.signal).catch(() => undefined)
    return { manifest, live, error: describeError(error), failed, waitMs: refusal?.retryMs }
  }
}

async function write(pass: ApplyPass, manifest: PreparedManifest & { readonly target: Target }): Promise<OneResult> {
  const { state, clock, client, objects, signal } = pass
  const key = targetKey(manifest.target)
  const contestMs = () => {
    const waitMs = state.contest.waitMs(key, clock.nowMs())
    if (waitMs > 0) pass.log.warn("Object is changed back each time it is corrected", { object: key, waitMs })
    return waitMs
  }
  const observed = { manifest, owner: ownerOf(pass.applied), applied: state.objects.get(key) }
  const work = pass.work.metadata.name!
  const tell = (told: SeenDrift | undefined) => {
    const seen = told && withRivals(told, objects.worksOf(manifest.target), work)
    const before = state.drifts.get(key)
    const nowMs = clock.nowMs()
    const drift = seen === undefined ? planNoDrift(before, nowMs) : planDrift(before, seen, nowMs)
    if (drift !== undefined) state.drifts.set(key, drift)
    if (seen !== undefined) tellDrift(pass, nameOf(manifest), seen)
    if (seen?.state !== "corrected") return
    pass.log.info("Corrected drift", { object: key, fields: seen.fields })
    pass.metrics.corrected(manifest.target.type)
  }
  const drift = { mode: driftModeOf(pass.work), contestMs, tell }
  const written = await writeObject({ work, client, objects, signal, drift }, observed)
  if (written.state) state.objects.set(key, written.state)
  const known = state.drifts.get(key)
  return { manifest, live: written.live, waitMs: written.waitMs, ...(known === undefined ? {} : { drift: known }) }
}

/**
 * An object that nothing is known of is created at once, which is right for nearly all; but one that was applied
 * before most likely exists, and one that is only read has to be looked at.
 */
async function lookUp({ objects, applied, clock, signal }: ApplyPass, manifest: PreparedManifest, target: Target) {
  if (objects.get(target) !== undefined) return
  const key = targetKey(target)
  const isRecorded =
    applied.status?.appliedResources?.some((resource) => targetKey(targetOf(resource)) === key) ?? false
  // What is somebody else's to say depends on whether the object is there.
  if (!isRecorded && manifest.strategy.type !== "ReadOnly" && manifest.ignored === undefined) return
  // One list of the type answers for all of them.
  const over = new AbortController()
  const timeout = sleep(clock, SYNC_WAIT_MS, AbortSignal.any([signal, over.signal])).catch(() => undefined)
  await Promise.race([objects.synced(target.type), timeout])
  over.abort()
  await objects.find(target, signal)
}

/** A manifest that its rules call Complete is not updated any more. */
function isComplete(work: ManifestWork, { meta }: PreparedManifest): boolean {
  const before = work.status?.resourceStatus?.manifests?.find(
    ({ resourceMeta }) =>
      resourceMeta.kind === meta.kind &&
      resourceMeta.group === meta.group &&
      resourceMeta.name === meta.name &&
      (resourceMeta.namespace ?? "") === (meta.namespace ?? ""),
  )
  return isConditionTrue(before?.conditions, "Complete")
}
