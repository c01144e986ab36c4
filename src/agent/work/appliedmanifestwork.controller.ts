// AppliedManifestWorks whose work is not there: kept, evicted after a grace period, or taken apart.
//
// Reads:    AppliedManifestWork (member cache), ManifestWork (hub cache, and a direct GET before anything is concluded).
// Wakes on: AppliedManifestWorks of this agent; works that appear on or vanish from the hub.
// Writes:   AppliedManifestWork status.evictionStartTime, its deletion, its finalizer; the objects that it applied.
// Gives up when: the AppliedManifestWork is gone.
//
// OCM evicts what is missing from its cache. Here the hub has to say NotFound to a direct question, at the beginning
// and again at the end of the grace period, and it has to be the hub that the work came from: the uid of this
// cluster's ManagedCluster is recorded with what was applied. A hub that is away, was rebuilt or restored empty never
// makes an agent take a workload down. What came from another hub goes only once this hub's works own it all.
import { hasReason } from "#apimachinery/status-error.ts"
import type { AppliedManifestWork } from "#api/work/v1.ts"
import { HUB_IDENTITY_ANNOTATION } from "#api/work/names.ts"
import { carryOut } from "#agent/carry-out.ts"
import type { KubeClient } from "#kube/client.ts"
import type { EventRecorder } from "#kube/events.ts"
import type { Informer } from "#kube/informer.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController } from "#runtime/controller.ts"
import type { Controller, Runtime } from "#runtime/controller.ts"
import { evictionEvents, isLeaving, planEviction } from "./eviction.plan.ts"
import type { WorkWhereabouts } from "./eviction.plan.ts"
import type { Departure, HubWorks } from "./hub-works.ts"
import { appliedWorkName, planRelease } from "./manifestwork.plan.ts"
import type { MemberObjects } from "./member-objects.ts"
import { removeResources, targetOf } from "./removal.ts"
import { ownerOf } from "./work-state.ts"

export type AppliedWorksOptions = {
  readonly agentId: string
  readonly hubHash: string
  readonly clusterName: string
  readonly client: KubeClient
  readonly objects: MemberObjects
  readonly appliedWorks: Informer<AppliedManifestWork>
  readonly hub: () => HubWorks | undefined
  readonly departure: () => Departure | undefined
  /** Whether the work controller looks after a work of this name. */
  readonly knows: (work: string) => boolean
  readonly evictionGraceMs: number
  readonly events: EventRecorder
}

/** How soon an unanswered question is asked again. */
const ASK_AGAIN_MS = 60_000
const REMOVAL_RETRY_MS = 2_000

export function startAppliedWorks(runtime: Runtime, options: AppliedWorksOptions): Controller {
  const { appliedWorks, agentId, client, clock } = { ...options, clock: runtime.clock }
  return startController(runtime, {
    name: "appliedmanifestwork",
    subject: "appliedWork",
    sources: [
      {
        informer: appliedWorks,
        keysOf: ({ object }) => (object.spec.agentID === agentId ? [object.metadata.name!] : []),
      },
    ],
    reconcile: async (name, signal) => {
      const applied = appliedWorks.get(name)
      if (applied === undefined || applied.spec.agentID !== agentId) return
      if (applied.metadata.deletionTimestamp !== undefined) return takeApart(options, applied, signal)
      const whereabouts = await findWork(options, applied, signal)
      const plan = planEviction(applied, whereabouts, { nowMs: clock.nowMs(), graceMs: options.evictionGraceMs })
      const work = applied.spec.manifestWorkName
      if (plan.actions.length > 0) runtime.log.info("Eviction of an AppliedManifestWork", { name, work, whereabouts })
      await applyPlan(client, plan, { signal, log: runtime.log })
      for (const event of evictionEvents(applied, plan, whereabouts)) {
        options.events.event(applied, event.type, event.reason, "Evict", event.note)
      }
      return whereabouts === "unknown" ? { requeueAfterMs: ASK_AGAIN_MS } : plan
    },
  })
}

async function findWork(
  { hub, hubHash, agentId, departure, client }: AppliedWorksOptions,
  applied: AppliedManifestWork,
  signal: AbortSignal,
): Promise<WorkWhereabouts> {
  const link = hub()
  const order = departure()
  const { manifestWorkName } = applied.spec
  if (order !== undefined && isLeaving(applied, order, { agentId, hubHash })) return "detached"
  if (applied.metadata.name !== appliedWorkName(hubHash, manifestWorkName)) {
    return (await isSuperseded(client, applied, hubHash, signal)) ? "superseded" : "unknown"
  }
  if (link === undefined || link.find(manifestWorkName) === undefined) return "unknown"
  if (link.find(manifestWorkName)) return "present"
  const identity = link.identity()
  const recorded = applied.metadata.annotations?.[HUB_IDENTITY_ANNOTATION]
  // OCM's agent records no identity; for what it applied the address has to do.
  if (identity === undefined || (recorded !== undefined && recorded !== identity)) return "unknown"
  try {
    await link.works.get(manifestWorkName, signal)
    return "present"
  } catch (error) {
    return hasReason(error, "NotFound") ? "missing" : "unknown"
  }
}

/** Whether everything that a work of another hub applied is gone or owned by a work of this hub. */
async function isSuperseded(
  client: KubeClient,
  applied: AppliedManifestWork,
  hubHash: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (const resource of applied.status?.appliedResources ?? []) {
    const { type, namespace, name } = targetOf(resource)
    try {
      const live = await client.get(type, { name, ...(namespace === undefined ? {} : { namespace }) }, { signal })
      const owners = live.metadata.ownerReferences ?? []
      const isOurs = owners.some(
        (owner) => owner.kind === "AppliedManifestWork" && owner.name.startsWith(`${hubHash}-`),
      )
      if (!isOurs) return false
    } catch (error) {
      if (!hasReason(error, "NotFound")) return false
    }
  }
  return true
}

/** The end of an AppliedManifestWork behind which the work controller knows no work. */
async function takeApart(options: AppliedWorksOptions, applied: AppliedManifestWork, signal: AbortSignal) {
  const { client, objects, hubHash, knows, departure } = options
  const { manifestWorkName } = applied.spec
  const isForeign = applied.metadata.name !== appliedWorkName(hubHash, manifestWorkName)
  if (!isForeign && knows(manifestWorkName)) return
  const context = {
    client,
    objects,
    signal,
    owner: ownerOf(applied),
    isOrphaned: () => departure()?.keepsObjects ?? false,
  }
  const { pending, errors } = await removeResources(context, applied.status?.appliedResources ?? [])
  if (errors.length > 0) throw errors[0]
  if (pending.length > 0) return { requeueAfterMs: REMOVAL_RETRY_MS }
  const { member } = planRelease({ work: undefined, applied, onHub: false })
  if (member) await carryOut(client, member, signal)
  return
}
