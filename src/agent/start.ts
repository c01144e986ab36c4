import { backoffMs } from "#lib/backoff.ts"
import { sleep } from "#lib/clock.ts"
import type { NewCondition } from "#apimachinery/conditions.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"
import type { Runtime } from "#runtime/controller.ts"
import { joinHub, newAgentName, waitForAcceptance } from "./registration/bootstrap.ts"
import type { CredentialStore } from "./registration/credential-store.ts"
import { planBootstrap } from "./registration/credentials.plan.ts"
import type { Detached, HubAddress, HubCredentials } from "./registration/credentials.ts"
import { tellCleared, waitForReturn } from "./registration/departure.ts"
import { HubSession } from "./registration/hub-session.ts"
import type { SessionEnd } from "./registration/hub-session.ts"
import { MemberFacts } from "./registration/member-facts.ts"
import type { ObjectSource } from "./work/member-objects.ts"
import type { WorkCache } from "./work/work-cache.ts"
import { startWorkAgent } from "./work/work-agent.ts"
import type { WorkAgent } from "./work/work-agent.ts"

export type AgentOptions = {
  readonly clusterName: string
  /** Default: the stored one, or one drawn at random. */
  readonly agentName?: string
  /** How to join; not needed while the stored credentials are good. */
  readonly bootstrap?: {
    readonly hub: HubAddress
    /** Connects as the bootstrap identity. */
    readonly connect: () => ClosableClient
  }
  /** Connects as the agent itself. Called again whenever the certificate was rotated. */
  readonly connect: (credentials: HubCredentials) => ClosableClient & { readonly informers: InformerFactory }
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
  /** Of these: ClusterClaim (on), RawFeedbackJsonString (off). */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Annotations of the ManagedCluster, of which those with OCM's agent prefix count. */
  readonly clusterAnnotations?: Readonly<Record<string, string>>
  /** How the member's API server is reached from outside. */
  readonly clientConfigs?: readonly { readonly url: string; readonly caBundle?: string }[]
  /** Life of certificates to ask for. Default: what the hub gives. */
  readonly certificateSeconds?: number
  readonly evictionGraceMs?: number
}

export type ClosableClient = { readonly client: KubeClient; readonly close: () => void }

export interface Agent {
  /** Ends everything. Nothing is taken away, on the hub or on the member. @returns when all is over */
  stop(): Promise<void>
  /** Resolves when the agent has ended, by `stop` or by the runtime's signal. Never rejects. */
  readonly done: Promise<void>
  /** Once works are looked after. */
  readonly work: Promise<WorkAgent>
  /** Whether the hub has detached this cluster, and nobody has joined it again. */
  readonly isDetached: boolean
}

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
  const done = run({ ...runtime, signal, log }, options, started, membership).catch((error: unknown) => {
    started.reject(error)
    if (!signal.aborted) log.error("Agent ended", { error })
  })
  return {
    done,
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

async function run(
  runtime: Runtime,
  options: AgentOptions,
  started: PromiseWithResolvers<WorkAgent>,
  membership: Membership,
): Promise<void> {
  const { clusterName, member, featureGates = {} } = options
  const facts = new MemberFacts(runtime, member.client, member.informers, { claims: featureGates.ClusterClaim ?? true })
  const probing = facts.run()
  const stored = await options.credentialStore.load()
  const hubServer = options.bootstrap?.hub.server ?? stored?.hub.server
  if (hubServer === undefined) {
    throw new Error(`Cannot start agent of cluster "${clusterName}": no bootstrap credentials and none stored`)
  }
  const work = await startWorkAgent(runtime, {
    clusterName,
    hubServer,
    member,
    cache: options.workCache,
    ...(member.objectSource === undefined ? {} : { objectSource: member.objectSource }),
    ...(options.evictionGraceMs === undefined ? {} : { evictionGraceMs: options.evictionGraceMs }),
    rawFeedbackJson: featureGates.RawFeedbackJsonString ?? false,
  })
  started.resolve(work)
  await stayRegistered(runtime, options, facts, work, membership)
  await Promise.all([probing, work.done])
}

/** Join, session, join again; until the signal aborts. */
async function stayRegistered(
  runtime: Runtime,
  options: AgentOptions,
  facts: MemberFacts,
  work: WorkAgent,
  membership: Membership,
): Promise<void> {
  const { clock, random, signal, log } = runtime
  const agentName = options.agentName
  let end: SessionEnd | undefined
  for (let failures = 0; !signal.aborted;) {
    try {
      const stored =
        end?.why === "rotated" || end?.why === "detached" ? end.credentials : await options.credentialStore.load()
      const plan = planBootstrap({
        stored,
        bootstrap: options.bootstrap?.hub,
        clusterName: options.clusterName,
        agentName,
        refused: end?.why === "refused",
        nowMs: clock.nowMs(),
      })
      if (plan.step === "depart") {
        membership.isDetached = true
        end = await depart(runtime, options, work, plan.credentials, plan.detached)
        membership.isDetached = signal.aborted
        continue
      }
      if (plan.step === "stuck") throw new Error(`Cannot speak to the hub: ${plan.why}, and there is no way to join`)
      if (plan.step === "bootstrap") log.info("Joining the hub", { why: plan.why })
      const rotation = end?.why === "rotated" ? end.rotation : undefined
      end = await (plan.step === "use"
        ? runSession(runtime, options, facts, work, plan.credentials, rotation)
        : joinAndRun(runtime, options, facts, work, agentName ?? stored?.agentName ?? newAgentName(random)))
      failures = end.why === "refused" ? failures + 1 : 0
      if (end.why !== "stopped") log.info("Session with the hub ended", { why: end.why })
    } catch (error) {
      if (signal.aborted) return
      failures++
      // Credentials that were refused may be good again: the hub may have lost its authorities for a moment.
      end = undefined
      log.warn("Cannot join the hub, trying again", { error, failures })
    }
    if (failures > 0) await sleep(clock, backoffMs(JOIN_BACKOFF, failures, random), signal).catch(() => undefined)
  }
}

/**
 * Takes away what the works applied, or lets it be, as the hub said; and then waits whether the hub takes the cluster
 * back. Everything is remembered first: a restart goes on where this was.
 */
async function depart(
  runtime: Runtime,
  options: AgentOptions,
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
    await tellCleared(runtime, hub.client, clusterName, detached.uid)
    log.info("Cleared: nothing of the hub is left here. To come back: hawser join", { cluster: clusterName })
    await waitForReturn(runtime, hub.client, clusterName)
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
  options: AgentOptions,
  facts: MemberFacts,
  work: WorkAgent,
  agentName: string,
): Promise<SessionEnd> {
  const { clusterName, credentialStore: store, certificateSeconds, clusterAnnotations, clientConfigs } = options
  const { hub, connect } = options.bootstrap!
  const joining = new AbortController()
  const signal = AbortSignal.any([runtime.signal, joining.signal])
  const { client, close } = connect()
  let closed = false
  const closeOnce = () => {
    if (closed) return
    closed = true
    joining.abort()
    close()
  }
  try {
    const accepted = waitForAcceptance(runtime, client, clusterName, signal)
    const credentials = await joinHub(
      runtime,
      {
        clusterName,
        agentName,
        hub,
        client,
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
  options: AgentOptions,
  facts: MemberFacts,
  work: WorkAgent,
  credentials: HubCredentials,
  rotation: NewCondition | undefined,
  join?: { readonly accepted: Promise<void>; readonly onEntered: () => void },
): Promise<SessionEnd> {
  const hub = options.connect(credentials)
  let detach = () => {}
  try {
    return await HubSession.run(runtime, {
      credentials,
      hub,
      facts,
      store: options.credentialStore,
      ...(options.certificateSeconds === undefined ? {} : { certificateSeconds: options.certificateSeconds }),
      ...(join === undefined ? {} : { accepted: join.accepted }),
      ...(rotation === undefined ? {} : { rotation }),
      onEntered: (session) => {
        detach = work.attach({
          client: hub.client,
          informers: hub.informers,
          identity: () => session.identity(),
          keepsObjects: () => session.keepsObjects(),
        })
        join?.onEntered()
      },
    })
  } finally {
    detach()
    hub.close()
  }
}
