import { backoffMs } from "#lib/backoff.ts"
import { sleep } from "#lib/clock.ts"
import { describeError } from "#lib/log.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { NewCondition } from "#apimachinery/conditions.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import { eventsIn, silentEvents } from "#kube/events.ts"
import type { InformerFactory } from "#kube/informer.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { HubLink } from "./hub-link.ts"
import {
  bootstrapSource,
  type Bootstrap,
  type BootstrapSource,
  type ReloadBootstrap,
} from "./registration/bootstrap-source.ts"
import { joinHub, newAgentName, waitForAcceptance } from "./registration/bootstrap.ts"
import { AGENT_NAMESPACE, type CredentialStore } from "./registration/credential-store.ts"
import { firstThatWorks } from "./registration/hub-move.ts"
import {
  adviceWhenForbidden,
  adviceWhenRefused,
  originOf,
  planBootstrap,
  planJoinAddress,
  planSameHub,
  type BootstrapPlan,
} from "./registration/credentials.plan.ts"
import type { Detached, HubAddress, HubCredentials } from "./registration/credentials.ts"
import { tellCleared, waitForReturn } from "./registration/departure.ts"
import { HubSession } from "./registration/hub-session.ts"
import type { SessionEnd } from "./registration/hub-session-options.ts"
import { MemberFacts } from "./registration/member-facts.ts"
import { newStanding, type RecorderFactory, type Standing } from "./registration/standing.ts"
import type { ObjectSource } from "./work/member-objects.ts"
import type { WorkCache } from "./work/work-cache.ts"
import { hubHashOf, startWorkAgent } from "./work/work-agent.ts"
import type { WorkAgent } from "./work/work-agent.ts"

export type AgentOptions = {
  readonly clusterName: string
  /** Default: the stored one, or one drawn at random. */
  readonly agentName?: string
  /** How to join; not needed while the stored credentials are good. */
  readonly bootstrap?: Bootstrap
  /** What they are read from, if they may be replaced while the agent runs. */
  readonly reloadBootstrap?: ReloadBootstrap
  /** Connects as the agent itself. Called again whenever the certificate was rotated or the hub has moved. */
  readonly connect: (credentials: HubCredentials) => HubLink
  /** Go along when the hub publishes another address or authority. Default false. */
  readonly followsHub?: boolean
  readonly credentialStore: CredentialStore
  readonly member: {
    readonly client: KubeClient
    /** For the agent's own needs: nodes, claims, AppliedManifestWorks. Started, and ended, by whoever made them. */
    readonly informers: InformerFactory
    readonly mapper: RestMapper
    /** Where changes of applied objects come from. Default: a watch per type that holds only what was applied. */
    readonly objectSource?: ObjectSource
  }
  readonly workCache: WorkCache
  /** Of these: ClusterClaim (on), ClusterProperty (off), RawFeedbackJsonString (off). */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Annotations of the ManagedCluster, of which those with OCM's agent prefix count. */
  readonly clusterAnnotations?: Readonly<Record<string, string>>
  /** How the member's API server is reached from outside. */
  readonly clientConfigs?: readonly { readonly url: string; readonly caBundle?: string }[]
  /** Life of certificates to ask for. Default: what the hub gives. */
  readonly certificateSeconds?: number
  readonly evictionGraceMs?: number
  /** Whose AppliedManifestWorks are this agent's, whichever hub they came from. Default: the hash of the hub's address. */
  readonly workAgentId?: string
  /** Records Events on the hub and on the member; without it none are. */
  readonly events?: RecorderFactory
}

export interface Agent {
  /** Ends everything. Nothing is taken away, on the hub or on the member. @returns when all is over */
  stop(): Promise<void>
  /** Resolves when the agent has ended, by `stop` or by the runtime's signal. Never rejects. */
  readonly done: Promise<void>
  /** Whether there is a certificate to speak to the hub with. A hub that is away does not change it. */
  readonly registered: boolean
  /** Why there is none, and what to do about it, where somebody has to do something. */
  readonly obstacle: string | undefined
  /** When the hub last took the agent for a registered one; undefined when it has not. */
  readonly heardMs: number | undefined
  /** The hub had accepted the cluster, and said last that it does not. */
  readonly isDenied: boolean
  /** Once works are looked after. */
  readonly work: Promise<WorkAgent>
  /** Whether the hub has detached this cluster, and nobody has joined it again. */
  readonly isDetached: boolean
}

/** Of the hub's answer, quoted in advice. */
const ANSWER_MAX = 300
const JOIN_BACKOFF = { initialMs: 1_000, maxMs: 60_000 }

/**
 * Runs the klusterlet: joins the hub, keeps the registration alive, applies works. It never ends by itself: whatever
 * the hub does, it goes on, and what it applied is kept from drifting meanwhile.
 */
export function startAgent(runtime: Runtime, options: AgentOptions): Agent {
  const stop = new AbortController()
  const signal = AbortSignal.any([runtime.signal, stop.signal])
  const log = runtime.log.with({ cluster: options.clusterName })
  const started = Promise.withResolvers<WorkAgent>()
  const membership: Membership = { isDetached: false }
  // Nobody has to ask for it.
  started.promise.catch(() => undefined)
  const standing = newStanding({ ...runtime, log }, options.clusterName, options.events)
  const source = bootstrapSource({ ...runtime, log }, options.bootstrap, options.reloadBootstrap)
  const done = run({ ...runtime, signal, log }, { ...options, standing, membership, source }, started).catch(
    (error: unknown) => {
      started.reject(error)
      if (!signal.aborted) log.error("Agent ended", { error })
    },
  )
  void done.then(() => standing.end())
  return {
    done,
    get registered() {
      return standing.registered
    },
    get obstacle() {
      return standing.obstacle
    },
    get heardMs() {
      return standing.heardMs
    },
    get isDenied() {
      return standing.isDenied
    },
    work: started.promise,
    get isDetached() {
      return membership.isDetached
    },
    async stop() {
      stop.abort()
      await done
    },
  }
}

type Membership = { isDetached: boolean }

/** What every part of the agent's life is given. */
type Parts = AgentOptions & {
  readonly standing: Standing
  readonly membership: Membership
  readonly source: BootstrapSource
}

async function run(runtime: Runtime, options: Parts, started: PromiseWithResolvers<WorkAgent>): Promise<void> {
  const { clusterName, member, featureGates = {} } = options
  const facts = new MemberFacts(runtime, member.client, member.informers, {
    claims: featureGates.ClusterClaim ?? true,
    properties: featureGates.ClusterProperty ?? false,
  })
  const probing = facts.run()
  const stored = await options.credentialStore.load()
  const hubServer = hubServerOf(stored, options.bootstrap?.hub)
  if (hubServer === undefined) {
    throw new Error(`Cannot start agent of cluster "${clusterName}": no bootstrap credentials and none stored`)
  }
  const work = await startWorkAgent(runtime, {
    clusterName,
    hubServer,
    member,
    cache: options.workCache,
    ...(member.objectSource === undefined ? {} : { objectSource: member.objectSource }),
    ...(options.workAgentId === undefined ? {} : { agentId: options.workAgentId }),
    ...(options.evictionGraceMs === undefined ? {} : { evictionGraceMs: options.evictionGraceMs }),
    rawFeedbackJson: featureGates.RawFeedbackJsonString ?? false,
    events: {
      hub: options.standing.hubEvents,
      member: eventsIn(AGENT_NAMESPACE, options.events?.(member.client) ?? silentEvents),
    },
  })
  started.resolve(work)
  await stayRegistered(runtime, options, facts, work)
  await Promise.all([probing, work.done])
}

/** What marks the hub's objects on the member: it stays the same for a hub that has moved. */
function hubServerOf(stored: HubCredentials | undefined, bootstrap: HubAddress | undefined): string | undefined {
  if (stored === undefined || (bootstrap !== undefined && bootstrap.server !== stored.hub.server)) {
    return bootstrap?.server
  }
  return originOf(stored).server
}

/** Join, session, join again; until the signal aborts. */
async function stayRegistered(runtime: Runtime, options: Parts, facts: MemberFacts, work: WorkAgent): Promise<void> {
  const { clock, random, signal, log } = runtime
  const { agentName, clusterName, membership, source, standing } = options
  let end: SessionEnd | undefined
  for (let failures = 0; !signal.aborted;) {
    let why: string | undefined
    try {
      await source.refresh()
      const stored =
        end?.why === "rotated" || end?.why === "moved" || end?.why === "detached"
          ? end.credentials
          : await options.credentialStore.load()
      const observed = {
        stored,
        bootstrap: source.current?.hub,
        clusterName,
        agentName,
        refused: end?.why === "refused",
        nowMs: clock.nowMs(),
      }
      let plan = planBootstrap(observed)
      if (plan.step === "bootstrap") plan = (await sameHub(runtime, options, planSameHub(observed))) ?? plan
      if (plan.step === "depart") {
        membership.isDetached = true
        end = await depart(runtime, options, work, plan.credentials, plan.detached)
        membership.isDetached = signal.aborted
        continue
      }
      if (plan.step === "stuck") throw new Error(`Cannot speak to the hub: ${plan.why}, and there is no way to join`)
      if (plan.step === "bootstrap") log.info("Joining the hub", { why: (why = plan.why) })
      const rotation = end?.why === "rotated" ? end.rotation : undefined
      end = await untilElsewhere(runtime, source, (within) =>
        plan.step === "use"
          ? runSession(within, options, facts, work, plan.credentials, rotation)
          : joinAndRun(within, options, facts, work, {
              agentName: agentName ?? stored?.agentName ?? newAgentName(random),
              hub: planJoinAddress(stored, source.current!.hub, failures),
            }),
      )
      failures = end.why === "refused" ? failures + 1 : 0
      if (end.why !== "stopped") log.info("Session with the hub ended", { why: end.why })
    } catch (error) {
      if (signal.aborted) return
      failures++
      // Credentials that were refused may be good again: the hub may have lost its authorities for a moment.
      end = undefined
      if (why !== undefined && hasReason(error, "Unauthorized")) {
        const advice = adviceWhenRefused(why, clusterName, source.source)
        standing.stuck(advice)
        log.warn(advice, { failures })
      } else if (why !== undefined && hasReason(error, "Forbidden")) {
        const advice = adviceWhenForbidden(clusterName, source.source, describeError(error).slice(0, ANSWER_MAX))
        standing.stuck(advice)
        log.warn(advice, { failures })
      } else log.warn("Cannot join the hub, trying again", { error, failures })
    }
    if (failures > 0) await sleep(clock, backoffMs(JOIN_BACKOFF, failures, random), signal).catch(() => undefined)
  }
}

/** Goes on with the stored credentials if the hub that the bootstrap credentials name takes them for this very cluster. */
async function sameHub(
  runtime: Runtime,
  { connect, credentialStore }: Parts,
  credentials: HubCredentials | undefined,
): Promise<Extract<BootstrapPlan, { step: "use" }> | undefined> {
  if (credentials === undefined) return undefined
  const { hub, clusterUid } = credentials
  const known = { clusterUid: () => clusterUid, connectTo: () => connect(credentials) }
  if ((await firstThatWorks(runtime, known, [hub])) === undefined) return undefined
  await credentialStore.save(credentials)
  runtime.log.info("The bootstrap credentials lead to the same hub at another address", { server: hub.server })
  return { step: "use", credentials }
}

/** Ends a session, or waiting for one, when the bootstrap credentials come to name another hub. */
async function untilElsewhere(
  runtime: Runtime,
  source: BootstrapSource,
  session: (within: Runtime) => Promise<SessionEnd>,
): Promise<SessionEnd> {
  const over = new AbortController()
  const signal = AbortSignal.any([runtime.signal, over.signal])
  void source.untilElsewhere(signal).then(() => {
    runtime.log.info("The bootstrap credentials name another hub address: looking again what to use")
    over.abort()
  })
  try {
    return await session({ ...runtime, signal })
  } finally {
    over.abort()
  }
}

/**
 * Takes away what the works applied, or lets it be, as the hub said; and then waits whether the hub takes the cluster
 * back. Everything is remembered first: a restart goes on where this was.
 */
async function depart(
  runtime: Runtime,
  options: Parts,
  work: WorkAgent,
  credentials: HubCredentials,
  detached: Detached,
): Promise<SessionEnd> {
  const { clusterName, credentialStore, connect } = options
  const { log, signal } = runtime
  await credentialStore.save(credentials)
  log.info("The hub has detached this cluster", { cluster: clusterName, workloads: detached.workloads })
  const hub = connect(credentials)
  try {
    await work.depart({ identity: detached.uid, keepsObjects: detached.workloads === "keep" })
    if (signal.aborted) return { why: "stopped" }
    await tellCleared(runtime, hub, detached.uid)
    log.info("Cleared: nothing of the hub is left here. To come back: hawser join", { cluster: clusterName })
    await waitForReturn(runtime, hub)
    if (signal.aborted) return { why: "stopped" }
    log.info("The hub has taken this cluster back", { cluster: clusterName })
    const { detached: _, clusterUid: __, ...returned } = credentials
    await credentialStore.save(returned)
    return { why: "stopped" }
  } finally {
    hub.close()
  }
}

/** Joins, and begins the session while still looking at the hub with the bootstrap identity, which sees acceptance. */
async function joinAndRun(
  runtime: Runtime,
  options: Parts,
  facts: MemberFacts,
  work: WorkAgent,
  { agentName, hub }: { readonly agentName: string; readonly hub: HubAddress },
): Promise<SessionEnd> {
  const { clusterName, credentialStore: store, certificateSeconds, clusterAnnotations, clientConfigs } = options
  const bootstrap = options.source.current!
  const joining = new AbortController()
  const signal = AbortSignal.any([runtime.signal, joining.signal])
  const entrance = bootstrap.connect(hub)
  let closed = false
  const closeOnce = () => {
    if (closed) return
    closed = true
    joining.abort()
    entrance.close()
  }
  try {
    const accepted = waitForAcceptance(runtime, entrance, clusterName, signal)
    const credentials = await joinHub(
      runtime,
      {
        clusterName,
        agentName,
        hub,
        ...(hub === bootstrap.hub ? {} : { joinedAt: bootstrap.hub }),
        entrance,
        store,
        ...(clusterAnnotations === undefined ? {} : { annotations: clusterAnnotations }),
        ...(clientConfigs === undefined ? {} : { clientConfigs }),
        ...(certificateSeconds === undefined ? {} : { certificateSeconds }),
      },
      signal,
    )
    // From its own entry on the agent uses nothing but its certificate.
    return await runSession(runtime, options, facts, work, credentials, undefined, { accepted, onEntered: closeOnce })
  } finally {
    closeOnce()
  }
}

async function runSession(
  runtime: Runtime,
  options: Parts,
  facts: MemberFacts,
  work: WorkAgent,
  credentials: HubCredentials,
  rotation: NewCondition | undefined,
  join?: { readonly accepted: Promise<void>; readonly onEntered: () => void },
): Promise<SessionEnd> {
  const { standing } = options
  const hub = options.connect(credentials)
  let detach = () => {}
  standing.holds(credentials, hub)
  let end: SessionEnd | undefined
  try {
    end = await HubSession.run(runtime, {
      credentials,
      metrics: standing.metrics,
      events: eventsIn(credentials.clusterName, standing.hubEvents),
      hub,
      facts,
      onHeard: standing.heard,
      onDenied: standing.denied,
      store: options.credentialStore,
      ...(options.followsHub ? { connectTo: (address) => options.connect({ ...credentials, hub: address }) } : {}),
      ...(options.certificateSeconds === undefined ? {} : { certificateSeconds: options.certificateSeconds }),
      ...(join === undefined ? {} : { accepted: join.accepted }),
      ...(rotation === undefined ? {} : { rotation }),
      namespaces: { member: options.member.client, hubHash: hubHashOf(originOf(credentials).server) },
      onEntered: (session) => {
        detach = work.attach({
          works: hub.works,
          identity: () => session.identity(),
          keepsObjects: () => session.keepsObjects(),
        })
        standing.entered()
        join?.onEntered()
      },
    })
    return end
  } finally {
    standing.left(end)
    detach()
    hub.close()
  }
}
