import { createHash } from "node:crypto"
import { keyOf } from "#apimachinery/meta.ts"
import { DRIFT_ANNOTATION } from "#api/work/names.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { APPLIED_MANIFEST_WORKS } from "#api/work/v1.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import { silentEvents, type EventRecorder } from "#kube/events.ts"
import type { Change, InformerFactory } from "#kube/informer.ts"
import type { LinkedObjects } from "#agent/hub-link.ts"
import type { Runtime } from "#runtime/controller.ts"
import { isLeaving } from "./eviction.plan.ts"
import { startAppliedWorks } from "./appliedmanifestwork.controller.ts"
import type { Departure, HubWorks } from "./hub-works.ts"
import { ManifestWorks } from "./manifestwork.controller.ts"
import { appliedWorkName } from "./manifestwork.plan.ts"
import type { MemberObjects, ObjectSource } from "./member-objects.ts"
import { workMetrics } from "./work-metrics.ts"
import type { WorkCache } from "./work-cache.ts"
import { watchSource } from "./watch-source.ts"

export type WorkAgentOptions = {
  readonly clusterName: string
  /** The hub's address as in its kubeconfig, verbatim: AppliedManifestWorks are named by its hash. */
  readonly hubServer: string
  /** Whose AppliedManifestWorks are ours. Default: the hash of the hub's address, as OCM has it. */
  readonly agentId?: string
  readonly member: { readonly client: KubeClient; readonly informers: InformerFactory; readonly mapper: RestMapper }
  /** Where changes of applied objects come from. Default: a watch per type that holds only what was applied. */
  readonly objectSource?: ObjectSource
  readonly cache: WorkCache
  /** Default 60 minutes; 100 years and more mean never. */
  readonly evictionGraceMs?: number
  /** Feature gate RawFeedbackJsonString. */
  readonly rawFeedbackJson?: boolean
  /** Default: none are recorded. */
  readonly events?: WorkEvents
}

export type WorkEvents = {
  /** About ManifestWorks. */
  readonly hub: EventRecorder
  /** About AppliedManifestWorks. */
  readonly member: EventRecorder
}

export type HubConnection = {
  readonly works: LinkedObjects<ManifestWork>
  /** The uid of this cluster's ManagedCluster, once known. */
  readonly identity: () => string | undefined
  /** Whether the cluster is on its way out and what its works applied shall stay. Default: never. */
  readonly keepsObjects?: () => boolean
}

export interface WorkAgent {
  /** Begins to follow a hub; the one before is let go. @returns lets go of this one */
  attach(hub: HubConnection): () => void
  /**
   * Takes away, or lets go, all that works of the hub applied; no hub is followed any more, until the next `attach`.
   * @returns when nothing of it is left
   */
  depart(departure: Departure): Promise<void>
  readonly objects: MemberObjects
  /** Whether nothing is queued or under way. */
  readonly idle: boolean
  readonly done: Promise<void>
}

const EVICTION_GRACE_MS = 60 * 60_000

/** Source: OCM work agent, HubHash. */
export function hubHashOf(server: string): string {
  return createHash("sha256").update(server).digest("hex")
}

/**
 * Starts to apply works. Without a hub the works of an earlier run are kept from drifting.
 * @throws what the cache throws when it cannot be read
 */
export async function startWorkAgent(runtime: Runtime, options: WorkAgentOptions): Promise<WorkAgent> {
  const { clusterName, member, cache } = options
  const hubHash = hubHashOf(options.hubServer)
  const agentId = options.agentId ?? hubHash
  const link: { current?: HubWorks } = {}
  const hub = () => link.current
  const appliedWorks = member.informers.informer(APPLIED_MANIFEST_WORKS)
  let departure: Departure | undefined
  const shared = { agentId, hubHash, client: member.client, appliedWorks, hub, departure: () => departure }
  const works = new ManifestWorks(
    runtime,
    {
      ...shared,
      cache,
      mapper: member.mapper,
      source: options.objectSource ?? watchSource(runtime, member.client),
      rawFeedbackJson: options.rawFeedbackJson ?? false,
      events: options.events?.hub ?? silentEvents,
      metrics: workMetrics(runtime.metrics, runtime.clock, runtime.signal),
    },
    await cache.load(),
  )
  const leftovers = startAppliedWorks(runtime, {
    ...shared,
    clusterName,
    objects: works.objects,
    knows: (work) => works.knows(work),
    evictionGraceMs: options.evictionGraceMs ?? EVICTION_GRACE_MS,
    events: options.events?.member ?? silentEvents,
  })

  const attach = ({ works: linked, identity, keepsObjects = () => false }: HubConnection) => {
    const informer = linked.cache
    const current: HubWorks = {
      works: linked,
      identity,
      keepsObjects,
      find: (name) => informer.get(`${clusterName}/${name}`) ?? (informer.synced ? null : undefined),
    }
    link.current = current
    departure = undefined
    informer.onChange((change) => {
      if (link.current !== current) return
      works.hubAnswered()
      if (isEcho(change)) return
      const name = change.object.metadata.name!
      works.controller.enqueue(name)
      if (change.kind !== "changed") leftovers.enqueue(appliedWorkName(hubHash, name))
    })
    // What is not on the hub has no event to tell of it.
    void informer.waitForSync(runtime.signal).then(
      () => {
        if (link.current !== current) return
        for (const name of works.names()) works.controller.enqueue(name)
        for (const applied of appliedWorks.list()) leftovers.enqueue(keyOf(applied))
      },
      () => undefined,
    )
    return () => {
      if (link.current === current) delete link.current
    }
  }

  const depart = async (order: Departure) => {
    delete link.current
    departure = order
    const left = () => appliedWorks.list().filter((applied) => isLeaving(applied, order, { agentId, hubHash }))
    await appliedWorks.waitForSync(runtime.signal)
    for (const name of works.names()) works.controller.enqueue(name)
    for (const applied of left()) leftovers.enqueue(keyOf(applied))
    await new Promise<void>((resolve) => {
      const look = () => {
        if (left().length === 0) resolve()
      }
      appliedWorks.onChange(({ kind }) => {
        if (kind === "deleted") look()
      })
      runtime.signal.addEventListener("abort", () => resolve(), { once: true })
      look()
    })
  }

  return {
    attach,
    depart,
    objects: works.objects,
    get idle() {
      return works.controller.idle && leftovers.idle
    },
    done: Promise.all([works.controller.done, leftovers.done]).then(() => undefined),
  }
}

/** A change of a work that asks for nothing: our own finalizer and status, seen again. */
function isEcho(change: Change<ManifestWork>): boolean {
  if (change.kind !== "changed") return false
  const before = change.before.metadata
  const after = change.object.metadata
  return (
    before.uid === after.uid &&
    before.generation === after.generation &&
    before.annotations?.[DRIFT_ANNOTATION] === after.annotations?.[DRIFT_ANNOTATION] &&
    before.deletionTimestamp === after.deletionTimestamp &&
    (before.finalizers?.length ?? 0) <= (after.finalizers?.length ?? 0)
  )
}
