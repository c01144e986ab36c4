// A hub and its members in one process, on a virtual clock and a network in memory, from one seed.
import type { Agent } from "#agent/start.ts"
import { memoryWorkCache } from "#agent/work/work-cache.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import { ensureServerPki, type ServerPki } from "#apiserver/authentication/server-pki.ts"
import type { RbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { newEmbeddedServer, startHubServer, type EmbeddedServer } from "#controlplane/embedded-server.ts"
import { silentLog, type Log } from "#lib/log.ts"
import { randomInt, seededRandom, seedFor } from "#lib/random.ts"
import { newVirtualClock, type VirtualClock } from "#lib/virtual-clock.ts"
import type { Runtime } from "#runtime/controller.ts"
import { simulatedConnections } from "./agent-connections.ts"
import { startMember, type Member } from "./member.ts"
import { newVirtualNetwork, type VirtualNetwork } from "./network.ts"
import { newTrace, type Trace } from "./trace.ts"

export type SimulationOptions = {
  readonly seed: number
  readonly members: number
  /** What makes the embedded server a hub. */
  readonly hub: {
    readonly admission: (authorizer: RbacAuthorizer, reader: ObjectReader) => readonly AdmissionPlugin[]
    readonly manifests: readonly UnknownObject[]
    /** Starts the hub's controllers. @returns a token that members can join with */
    readonly start: (runtime: Runtime, server: EmbeddedServer) => Promise<string>
  }
  /** What `hawser join` would install on a member. */
  readonly memberManifests: readonly UnknownObject[]
  readonly log?: Log
}

/** What is simulated as a fleet of `hawser up`: the same servers, controllers and agents. */
export interface Simulation {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly trace: Trace
  readonly hub: EmbeddedServer
  /** `cluster1` to `clusterN`. */
  readonly members: readonly SimulatedMember[]
  /** Does something from outside and lets everything that it sets off come to rest at this instant. */
  act<T>(what: string, work: () => Promise<T>): Promise<T>
  /**
   * Lets time pass until the condition holds.
   * @throws Error that says what did not happen, and when it was given up
   */
  until(what: string, condition: () => boolean, limitMs?: number): Promise<void>
  /** Between the hub and a member nothing gets through, until {@link heal}. */
  cut(member: string): void
  heal(member: string): void
  /** Ends everything; what was written can still be read. */
  stop(): Promise<void>
}

export type SimulatedMember = { readonly name: string; readonly server: EmbeddedServer; readonly agent: Agent }

/** The hub's name on the network, and in the trace. */
export const HUB = "hub"

/** When simulations begin. */
const START_MS = Date.parse("2026-01-01T00:00:00Z")
/** One way. */
const LATENCY_MS = { min: 1, max: 5 }
const NODES = 2
const POD_READY_AFTER_MS = 500
/** What a condition may take unless its caller says otherwise. */
const LIMIT_MS_DEFAULT = 60_000
/** An action from outside that needs more virtual time than that hangs. */
const ACTION_LIMIT_MS = 60_000
const ISSUER = "https://kubernetes.default.svc.cluster.local"

export async function newSimulation(options: SimulationOptions): Promise<Simulation> {
  const { seed } = options
  const clock = newVirtualClock(START_MS)
  const trace = newTrace(clock)
  const ending = new AbortController()
  const runtimeOf = (host: string): Runtime => ({
    clock,
    random: seededRandom(seedFor(seed, host)),
    log: (options.log ?? silentLog).with({ host }),
    signal: ending.signal,
  })
  const run = newRunner(clock)
  const latency = seededRandom(seedFor(seed, "network"))
  const network = newVirtualNetwork({
    clock,
    latencyMs: () => LATENCY_MS.min + randomInt(latency, LATENCY_MS.max - LATENCY_MS.min + 1),
  })
  const hubRuntime = runtimeOf(HUB)
  const { hub, token } = await run(startHub(hubRuntime, options, trace))
  network.listen(HUB, hub.handler)
  const members: SimulatedMember[] = []
  for (let i = 1; i <= options.members; i++) {
    const name = `cluster${i}`
    members.push(await run(startSimulatedMember(runtimeOf(name), name, { options, trace, network, hub, token })))
  }
  return {
    clock,
    network,
    trace,
    hub,
    members,
    act(what, work) {
      trace.note("outside", what)
      return run(work())
    },
    async until(what, condition, limitMs = LIMIT_MS_DEFAULT) {
      if (await clock.runUntil(condition, limitMs)) return trace.note("outside", `seen: ${what}`)
      const seconds = ((clock.nowMs() - START_MS) / 1000).toFixed(6)
      throw new Error(`Waited ${limitMs / 1000} s in vain with seed ${seed}, up to second ${seconds}: ${what}`)
    },
    cut(member) {
      trace.note("outside", `cut ${HUB} from ${member}`)
      network.cut(HUB, member)
    },
    heal(member) {
      trace.note("outside", `heal ${HUB} with ${member}`)
      network.heal(HUB, member)
    },
    async stop() {
      ending.abort()
      await run(Promise.all(members.map(({ agent }) => agent.done)))
    },
  }
}

/** What is awaited outside the clock would wait for ever: time only passes when it is told to. */
function newRunner(clock: VirtualClock) {
  return async <T>(work: Promise<T>): Promise<T> => {
    let over = false
    const done = work.finally(() => void (over = true))
    done.catch(() => undefined)
    await clock.settle()
    if (!over) await clock.runUntil(() => over, ACTION_LIMIT_MS)
    if (!over) throw new Error(`Action is not over after ${ACTION_LIMIT_MS / 1000} s of virtual time`)
    await clock.settle()
    return await done
  }
}

async function startHub(
  runtime: Runtime,
  { hub: parts }: SimulationOptions,
  trace: Trace,
): Promise<{ readonly hub: EmbeddedServer; readonly token: string }> {
  const storage = memoryStorage()
  trace.follow(HUB, storage)
  const hub = await newEmbeddedServer(runtime, {
    storage,
    pki: newPki(runtime),
    issuer: ISSUER,
    admission: parts.admission,
    around: tracedAt(trace, HUB),
  })
  await hub.api.bootstrap(parts.manifests)
  startHubServer(runtime, hub)
  return { hub, token: await parts.start(runtime, hub) }
}

async function startSimulatedMember(
  runtime: Runtime,
  name: string,
  world: {
    readonly options: SimulationOptions
    readonly trace: Trace
    readonly network: VirtualNetwork
    readonly hub: EmbeddedServer
    readonly token: string
  },
): Promise<SimulatedMember> {
  const { options, trace, network, hub, token } = world
  const storage = memoryStorage()
  trace.follow(name, storage)
  const member: Member = await startMember(runtime, {
    name,
    storage,
    pki: newPki(runtime),
    nodes: NODES,
    podReadyAfterMs: POD_READY_AFTER_MS,
    manifests: options.memberManifests,
    around: tracedAt(trace, name),
  })
  const address = { server: `https://${HUB}`, ca: hub.pki.caCertificate, clusterEntry: HUB }
  const connections = simulatedConnections(runtime, address, token, (peer) =>
    trace.around(name, () => HUB, network.transport(name, HUB, peer)),
  )
  const agent = member.join({ ...connections, workCache: memoryWorkCache() })
  return { name, server: member.server, agent }
}

const tracedAt = (trace: Trace, host: string) => (handler: EmbeddedServer["handler"]) =>
  trace.around<ServerRequest>(host, ({ peer }) => `by ${peer.user?.name ?? peer.address}`, handler)

const newPki = ({ clock, random }: Runtime): ServerPki =>
  ensureServerPki({ existing: {}, serverNames: [], clock, random }).pki
