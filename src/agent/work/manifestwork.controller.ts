// ManifestWork on the member: what the work says exists, stays so, and is reported.
//
// Reads:    ManifestWork of the cluster's namespace (hub cache; the WorkCache while the hub is away),
//           AppliedManifestWork and the applied objects (member; caches that hold no other objects).
// Wakes on: spec, labels, finalizers and deletion of works; AppliedManifestWorks; every change of an applied object
//           (drift at once, mere status a moment later, gathered); every 4 to 6 minutes as a net.
// Writes:   hub: the work's finalizer and status. Member: AppliedManifestWork and its status, the objects.
//           New work of N objects: N + 4. Changed work: N + 1. Drift: 1. Status: 1. Deleted work: N + 3.
// Gives up when: the work is Complete. A refused server-side apply is tried again with the next change or the net.
//
// Nothing is taken away on doubt. Objects go when the work carries a deletionTimestamp (its finalizer keeps it until
// we are done), when it no longer names them, or when its AppliedManifestWork is deleted. A work that is missing from
// a list is not a deleted one: what it applied stays and is kept from drifting; whether it is ever evicted is the
// business of appliedmanifestwork.controller.ts.
import { sleep } from "#lib/clock.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { hasReason, StatusError } from "#apimachinery/status-error.ts"
import type { AppliedResource } from "#api/work/parts.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import { carryOut } from "#agent/carry-out.ts"
import { newest } from "#agent/resource-version.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import type { EventRecorder } from "#kube/events.ts"
import type { Informer } from "#kube/informer.ts"
import type { Write } from "#runtime/apply-plan.ts"
import { startController } from "#runtime/controller.ts"
import type { Controller, Runtime } from "#runtime/controller.ts"
import { applyManifests } from "./apply-pass.ts"
import type { PassResult } from "./apply-pass.ts"
import { Executors } from "./executor.ts"
import { healthAgainMs, isHealthDetail } from "./health/health.plan.ts"
import type { Departure, HubWorks } from "./hub-works.ts"
import { HubSilence } from "./hub-silence.ts"
import { isOwned, prepareManifests, targetKey } from "./manifests.ts"
import type { PreparedManifest } from "./manifests.ts"
import { MemberObjects } from "./member-objects.ts"
import type { ObjectSource } from "./member-objects.ts"
import { appliedWorkName, planClaim, planDelete, planDeleting, planOutcome, planRelease } from "./manifestwork.plan.ts"
import { planReport, planStep } from "./manifestwork.plan.ts"
import type { ObservedWork } from "./manifestwork.plan.ts"
import { removeResources, targetOf } from "./removal.ts"
import type { WorkCache } from "./work-cache.ts"
import { keepUnchanged, newWorkState, ownerOf, versionOf } from "./work-state.ts"
import type { WorkState } from "./work-state.ts"
import { meteredClient, type WorkMetrics } from "./work-metrics.ts"
import { planWorkStatus } from "./work-status.plan.ts"

export type ManifestWorksOptions = {
  readonly agentId: string
  readonly hubHash: string
  readonly client: KubeClient
  readonly mapper: RestMapper
  readonly source: ObjectSource
  readonly appliedWorks: Informer<AppliedManifestWork>
  readonly cache: WorkCache
  /** The hub, while there is one. */
  readonly hub: () => HubWorks | undefined
  readonly departure: () => Departure | undefined
  readonly rawFeedbackJson: boolean
  readonly metrics: WorkMetrics
  /** About works, on the hub. */
  readonly events: EventRecorder
}

/** Works that are applied at the same time. They mostly wait for answers. */
const WORKERS = 16

/** Status changes of a member's objects come in bursts: the first is reported after a moment, ... */
const FEEDBACK_MS = 30
/** ... and the next ones, while they go on, this often. */
const FEEDBACK_BURST_MS = 250

/** Counts of a rollout that goes on are reported no more often than this; a change of health at once, like feedback. */
const HEALTH_DETAIL_MS = 5_000

const RESYNC_MS = 4 * 60_000
const RESYNC_JITTER_MS = 2 * 60_000

const RETRY_MS_MIN = 200
const RETRY_MS_MAX = 60_000
/** After the hub has refused something that may be right a moment later. One that is away: hub-silence.ts. */
const HUB_RETRY_MS = 5_000

/** How long a pass waits for the hub to take its report. */
const HUB_WAIT_MS = 500

/** How soon something that is being deleted is looked at without news of it. */
const REMOVAL_RETRY_MS = 2_000

type Result = { readonly requeueAfterMs?: number } | void

/** The controller, with what it remembers. */
export class ManifestWorks {
  readonly controller: Controller
  readonly objects: MemberObjects
  readonly #runtime: Runtime
  readonly #options: ManifestWorksOptions
  readonly #executors: Executors
  /** Measures what it writes to the member. */
  readonly #writer: KubeClient
  readonly #states = new Map<string, WorkState>()
  /** From an earlier run, by name; an entry goes with its work's first pass. */
  readonly #cached: Map<string, ManifestWork>
  readonly #silence: HubSilence
  /** Uids of works that were let go, by name, until the hub's list has caught up. */
  readonly #released = new Map<string, string>()

  /** @param cached  what the WorkCache held */
  constructor(runtime: Runtime, options: ManifestWorksOptions, cached: readonly ManifestWork[]) {
    const { client, source, appliedWorks, hubHash } = options
    this.#runtime = runtime
    this.#options = options
    this.#silence = new HubSilence(runtime.random)
    this.#executors = new Executors(client, runtime.clock)
    this.#writer = meteredClient(client, runtime.clock, options.metrics)
    this.#cached = new Map(cached.map((work) => [work.metadata.name!, work]))
    this.objects = new MemberObjects(client, source, (work, change) => {
      options.metrics.changed(work)
      if (change === "drift") this.controller.enqueue(work)
      else this.controller.enqueueAfter(work, this.#feedbackDelayMs(work))
    })
    this.controller = startController(runtime, {
      name: "manifestwork",
      subject: "work",
      workers: WORKERS,
      reconcile: (name, signal) => this.#reconcile(name, signal),
      sources: [
        {
          informer: appliedWorks,
          keysOf: ({ kind, object }) => {
            const { manifestWorkName } = object.spec
            if (object.metadata.name !== appliedWorkName(hubHash, manifestWorkName)) return []
            if (kind === "deleted") this.#forgetAnswer(manifestWorkName, object)
            // What we write ourselves is no news; a deletion is, and so is one that vanished.
            return kind === "deleted" || object.metadata.deletionTimestamp !== undefined ? [manifestWorkName] : []
          },
        },
      ],
    })
    for (const name of this.#cached.keys()) this.controller.enqueue(name)
  }

  /** Works that are looked after, and those of an earlier run. */
  names(): readonly string[] {
    return [...new Set([...this.#states.keys(), ...this.#cached.keys()])]
  }

  /** Whether the name is that of a work that is looked after here. */
  knows(name: string): boolean {
    return this.#states.get(name)?.work !== undefined || this.#cached.has(name)
  }

  #forgetAnswer(name: string, applied: AppliedManifestWork): void {
    const state = this.#states.get(name)
    if (state?.applied?.metadata.uid === applied.metadata.uid) delete state!.applied
  }

  #feedbackDelayMs(name: string): number {
    const sinceMs = this.#runtime.clock.nowMs() - (this.#states.get(name)?.reportedMs ?? -Infinity)
    return sinceMs < 1_000 ? FEEDBACK_BURST_MS : FEEDBACK_MS
  }

  #observe(name: string, state: WorkState): ObservedWork {
    const { appliedWorks, hubHash, hub, departure } = this.#options
    let listed = departure() === undefined ? hub()?.find(name) : null
    if (listed && listed.metadata.uid === this.#released.get(name)) listed = null
    else if (listed !== undefined) this.#released.delete(name)
    if (listed) state.work = newest(listed, state.work)
    else {
      const known = state.work ?? this.#cached.get(name)
      if (known) state.work = known
    }
    const cached = appliedWorks.get(appliedWorkName(hubHash, name))
    const applied = cached === undefined ? state.applied : newest(cached, state.applied)
    return { work: state.work, applied, onHub: listed === undefined ? undefined : listed !== null }
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<Result> {
    const state = this.#states.get(name) ?? newWorkState()
    this.#states.set(name, state)
    const observed = this.#observe(name, state)
    switch (planStep(observed)) {
      case "forget":
        return this.#forget(name)
      case "keep":
        this.#states.delete(name)
        return
      case "freeze":
        this.objects.follow(name, [])
        return
      case "remove":
        return this.#remove(name, state, observed, signal)
      case "apply":
        return this.#apply(name, state, { ...observed, work: observed.work! }, signal)
    }
  }

  async #forget(name: string): Promise<void> {
    this.objects.follow(name, [])
    this.#options.metrics.forgot(name)
    this.#states.delete(name)
    this.#executors.forget(name)
    this.#cached.delete(name)
    await this.#options.cache.remove(name)
  }

  // --- apply ---

  async #apply(
    name: string,
    state: WorkState,
    before: ObservedWork & { readonly work: ManifestWork },
    signal: AbortSignal,
  ): Promise<Result> {
    const claimed = await this.#claim(state, before, signal)
    const { rawFeedbackJson, metrics, events } = this.#options
    const { clock, random } = this.#runtime
    const log = this.#runtime.log.with({ work: name })
    const { work, applied } = claimed
    const manifests = await this.#prepare(name, state, work)
    const recorded = applied.status?.appliedResources ?? []
    this.#follow(name, manifests, recorded)
    const context = { client: this.#writer, objects: this.objects, executors: this.#executors, clock, log, signal }
    const passed = await applyManifests({ ...context, metrics, events, state, work, applied }, manifests)
    const outcome = planOutcome(work, recorded, passed.results)
    const removal = await this.#prune(work, applied, outcome.removed, signal)
    const nowMs = clock.nowMs()
    const status = planWorkStatus(work, passed.results, { nowMs, rawFeedbackJson })
    const resources = [...outcome.resources, ...removal.pending]
    const { hub: toHub, ...toMember } = planReport(claimed, resources, status)
    const holdMs = isHealthDetail(work.status, status) ? state.reportedMs + HEALTH_DETAIL_MS - nowMs : 0
    const report = { ...toMember, ...(toHub === undefined || holdMs > 0 ? {} : { hub: toHub }) }
    await this.#report(name, state, claimed, report, signal)
    if (removal.pending.length === 0) this.#follow(name, manifests, resources)
    const failed = passed.failed || removal.errors.length > 0
    state.failures = failed ? state.failures + 1 : 0
    const waits = [RESYNC_MS + random.fraction() * RESYNC_JITTER_MS, ...retries(state, passed)]
    if (holdMs > 0) waits.push(holdMs)
    waits.push(
      healthAgainMs(
        passed.results.map(({ live }) => live),
        nowMs,
      ) ?? Infinity,
    )
    if (removal.pending.length > 0) waits.push(REMOVAL_RETRY_MS)
    // What kept resources from being pruned is often this very report: once it is written they can go.
    if (outcome.why.length > 0 && !failed) waits.push(RETRY_MS_MIN)
    return { requeueAfterMs: Math.min(...waits) }
  }

  /** @returns what is observed once the finalizer and the AppliedManifestWork are there */
  async #claim(state: WorkState, observed: ObservedWork & { readonly work: ManifestWork }, signal: AbortSignal) {
    const { client, hub, agentId, hubHash } = this.#options
    const link = hub()
    const claim = planClaim(observed, { agentId, hubHash, hubIdentity: link?.identity() })
    const [work, applied] = await Promise.all([
      claim.hub && link ? link.works.write(claim.hub, signal) : observed.work,
      claim.member ? carryOut<AppliedManifestWork>(client, claim.member, signal) : observed.applied,
    ])
    if (claim.hub && work) state.work = work
    if (claim.member && applied) state.applied = applied
    return { work: work ?? observed.work, applied: applied!, onHub: observed.onHub }
  }

  async #prepare(name: string, state: WorkState, work: ManifestWork): Promise<readonly PreparedManifest[]> {
    const of = versionOf(work)
    if (state.prepared?.of === of && state.prepared.manifests.every(({ target }) => target)) {
      return state.prepared.manifests
    }
    const before = this.#cached.get(name)
    if (state.prepared === undefined && before !== undefined) {
      // What the last run applied: fields that it said and the work no longer says are removed.
      for (const { target, object } of prepareManifests(before, await this.#resourcesOf(before))) {
        if (target) state.objects.set(targetKey(target), { manifest: object, resourceVersion: "", accepted: new Map() })
      }
      state.cached = versionOf(before)
      this.#cached.delete(name)
    }
    if (state.prepared?.of !== of) {
      state.failures = 0
      state.drifts.clear()
    }
    const manifests = keepUnchanged(prepareManifests(work, await this.#resourcesOf(work)), state.objects)
    state.prepared = { of, manifests }
    return manifests
  }

  /** Asks discovery for the kinds of a work's manifests; one that is not served is undefined. */
  async #resourcesOf(work: ManifestWork): Promise<(apiVersion: string, kind: string) => ResourceType | undefined> {
    const kinds = new Map<string, ResourceType | undefined>()
    await Promise.all(
      (work.spec.workload?.manifests ?? []).map(async ({ apiVersion, kind }) => {
        const key = `${apiVersion} ${kind}`
        if (kinds.has(key) || typeof apiVersion !== "string" || typeof kind !== "string") return
        kinds.set(key, undefined)
        kinds.set(key, await this.#options.mapper.resourceFor(apiVersion, kind))
      }),
    )
    return (apiVersion, kind) => kinds.get(`${apiVersion} ${kind}`)
  }

  #follow(name: string, manifests: readonly PreparedManifest[], recorded: readonly AppliedResource[]): void {
    const targets = manifests.flatMap(({ target }) => (target ? [target] : []))
    const known = new Set(targets.map(targetKey))
    const leaving = recorded.map(targetOf).filter((target) => !known.has(targetKey(target)))
    this.objects.follow(name, [...targets, ...leaving])
  }

  async #prune(
    work: ManifestWork,
    applied: AppliedManifestWork,
    removed: readonly AppliedResource[],
    signal: AbortSignal,
  ) {
    if (removed.length === 0) return { pending: [], errors: [] }
    const isOrphaned = (resource: AppliedResource) => !isOwned(resource, work.spec.deleteOption)
    const { client } = this.#options
    const context = { client, objects: this.objects, signal, owner: ownerOf(applied), isOrphaned }
    const removal = await removeResources(context, removed)
    for (const error of removal.errors) {
      this.#runtime.log.warn("Cannot remove object", { work: work.metadata.name, error })
    }
    return removal
  }

  /** Writes both statuses and the cache side by side. The hub's is the one that may fail for long. */
  async #report(
    name: string,
    state: WorkState,
    { work }: ObservedWork & { readonly work: ManifestWork },
    report: { readonly hub?: Write; readonly member?: Write },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, hub, cache, metrics } = this.#options
    const version = versionOf(work)
    const startedMs = this.#runtime.clock.nowMs()
    const [onHub, onMember] = await Promise.allSettled([
      report.hub && this.#tellHub(name, state, report.hub, signal),
      report.member ? carryOut<AppliedManifestWork>(client, report.member, signal) : undefined,
      state.cached === version ? undefined : cache.put(work).then(() => void (state.cached = version)),
    ])
    if (hub() && report.hub === undefined) metrics.reported(name, { isWritten: false, startedMs })
    if (onMember.status === "fulfilled" && onMember.value) state.applied = onMember.value
    if (onMember.status === "rejected") throw onMember.reason
    if (onHub.status === "rejected") throw onHub.reason
  }

  /**
   * One report of a work is under way at a time. A hub that does not answer at once is not waited for: meanwhile drift
   * has to be corrected. The work is looked at again when the answer comes, and tells what has changed since.
   */
  async #tellHub(name: string, state: WorkState, report: Write, signal: AbortSignal): Promise<void> {
    const link = this.#options.hub()
    if (link === undefined) return
    const { clock, log } = this.#runtime
    const startedMs = clock.nowMs()
    if (state.reporting !== undefined || !this.#silence.mayAsk(name, startedMs)) return
    let isWaitedFor = true
    const write = async () => {
      try {
        const answer = await link.works.write(report, signal)
        if (answer) state.work = newest(answer, state.work)
        this.#options.metrics.reported(name, { isWritten: true, startedMs })
        state.reportedMs = clock.nowMs()
        this.hubAnswered()
        if (!isWaitedFor) this.controller.enqueue(name)
      } catch (error) {
        if (!(error instanceof StatusError) && !signal.aborted) {
          log.debug("The hub does not answer, trying again", { error })
          const waitMs = this.#silence.unanswered(name, clock.nowMs())
          if (waitMs !== undefined) this.controller.enqueueAfter(name, waitMs)
          return
        }
        this.hubAnswered()
        if (isWaitedFor) throw error
        if (signal.aborted) return
        log.debug("Cannot report to the hub, trying again", { work: name, error })
        this.controller.enqueueAfter(name, HUB_RETRY_MS)
      } finally {
        delete state.reporting
      }
    }
    const reporting = write()
    state.reporting = reporting
    const over = new AbortController()
    await Promise.race([
      reporting,
      sleep(clock, HUB_WAIT_MS, AbortSignal.any([signal, over.signal])).catch(() => undefined),
    ]).finally(() => {
      isWaitedFor = false
      over.abort()
    })
  }

  /** The hub is there: whoever waits to tell it something does. */
  hubAnswered(): void {
    for (const name of this.#silence.answered()) this.controller.enqueue(name)
  }

  // --- remove ---

  async #remove(name: string, state: WorkState, observed: ObservedWork, signal: AbortSignal): Promise<Result> {
    const { work, applied } = observed
    const { client, hub } = this.#options
    const isDeleted = work?.metadata.deletionTimestamp !== undefined
    let held = applied
    let pending: readonly AppliedResource[] = []
    if (applied) {
      const recorded = this.#everythingApplied(state, applied)
      this.objects.follow(name, recorded.map(targetOf))
      const deletion = planDelete(applied)
      const isKept = this.#options.departure()?.keepsObjects || hub()?.keepsObjects()
      const isOrphaned = (resource: AppliedResource) => isKept || !isOwned(resource, work?.spec.deleteOption)
      const context = { client, objects: this.objects, signal, owner: ownerOf(applied), isOrphaned }
      const [answer, removal] = await Promise.all([
        deletion && isDeleted ? carryOut<AppliedManifestWork>(client, deletion, signal) : applied,
        removeResources(context, recorded),
      ])
      held = answer ?? undefined
      if (held) state.applied = held
      pending = removal.pending
      if (removal.errors.length > 0) throw removal.errors[0]
    }
    if (pending.length > 0) {
      const deleting = isDeleted && observed.onHub ? planDeleting(work, this.#runtime.clock.nowMs()) : undefined
      const link = hub()
      if (deleting && link) state.work = (await link.works.write(deleting, signal)) ?? state.work!
      return { requeueAfterMs: REMOVAL_RETRY_MS }
    }
    return this.#release(name, state, { ...observed, applied: held }, signal)
  }

  /** What is recorded, and what was applied since it was recorded last. */
  #everythingApplied(state: WorkState, applied: AppliedManifestWork): readonly AppliedResource[] {
    const recorded = applied.status?.appliedResources ?? []
    const known = new Set(recorded.map((resource) => targetKey(targetOf(resource))))
    const unrecorded = (state.prepared?.manifests ?? []).flatMap(({ meta, target }) => {
      const live = target && this.objects.get(target)
      if (!live || known.has(targetKey(target))) return []
      const { group = "", version = "", resource = "", name = "", namespace = "" } = meta
      return [{ group, version, resource, name, namespace, uid: live.metadata.uid ?? "" }]
    })
    return [...recorded, ...unrecorded]
  }

  async #release(name: string, state: WorkState, observed: ObservedWork, signal: AbortSignal): Promise<Result> {
    const { client, hub } = this.#options
    const release = planRelease(observed)
    const link = hub()
    const [onHub, onMember] = await Promise.allSettled([
      release.hub && link ? link.works.write(release.hub, signal) : undefined,
      release.member ? carryOut<AppliedManifestWork>(client, release.member, signal) : undefined,
    ])
    if (onMember.status === "rejected") throw onMember.reason
    delete state.applied
    // Gone already: somebody else took the finalizer away.
    if (onHub.status === "rejected" && !hasReason(onHub.reason, "NotFound")) throw onHub.reason
    if (release.hub && link === undefined) return { requeueAfterMs: HUB_RETRY_MS }
    if (observed.work?.metadata.deletionTimestamp === undefined) {
      // Only the AppliedManifestWork was deleted: the work stands, and is applied again.
      state.objects.clear()
      return
    }
    this.#released.set(name, observed.work.metadata.uid ?? "")
    await this.#forget(name)
  }
}

function retries(state: WorkState, { failed, waitMs }: PassResult): readonly number[] {
  const backoffMs = Math.min(RETRY_MS_MIN * 2 ** (state.failures - 1), RETRY_MS_MAX)
  return [...(failed ? [backoffMs] : []), ...(waitMs === undefined ? [] : [waitMs])]
}
