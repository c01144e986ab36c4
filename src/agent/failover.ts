// One agent, several hubs: it obeys one of them at a time, and goes to another when that one is silent or sends it away.
//
// Reads:    what the agent hears of its hub; the stored credentials; at other hubs, with their bootstrap identities,
//           whether they would take the cluster.
// Wakes on: the hub's silence, its refusal, each minute.
// Writes:   nothing itself: the agent that it starts for the next hub joins there.
// Gives up when: told to stop. It never goes back by itself while the present hub is heard of.
import { sleep } from "#lib/clock.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { Bootstrap, ReloadBootstrap } from "./registration/bootstrap-source.ts"
import type { HubAddress } from "./registration/credentials.ts"
import { hubOf, LOOK_MS, planFailover } from "./registration/failover.plan.ts"
import { hubHashOf } from "./work/work-agent.ts"
import { startAgent, type Agent, type AgentOptions } from "./start.ts"

/** One of the hubs that an agent may obey. */
export type HubChoice = {
  readonly hub: HubAddress
  /** Without it the agent cannot join there, but goes on with stored credentials that are for there. */
  readonly bootstrap?: Bootstrap
  readonly reloadBootstrap?: ReloadBootstrap
  readonly connect: AgentOptions["connect"]
}

export type FailoverOptions = Omit<AgentOptions, "bootstrap" | "reloadBootstrap" | "connect" | "member"> & {
  /** In the order of preference; at least one. */
  readonly hubs: readonly HubChoice[]
  /** How long the hub may be silent before another one is looked for. */
  readonly hubTimeoutMs: number
  /** The member, for one agent: what it makes ends with the signal. */
  readonly openMember: (signal: AbortSignal) => AgentOptions["member"]
}

/** How long another hub may take to answer whether it would take the cluster. */
const TRIAL_MS = 10_000

/** Runs the klusterlet as {@link startAgent} does, for whichever of the hubs is to be obeyed. */
export function startAgentOfHubs(runtime: Runtime, options: FailoverOptions): Agent {
  const stop = new AbortController()
  const signal = AbortSignal.any([runtime.signal, stop.signal])
  const log = runtime.log.with({ cluster: options.clusterName })
  const first = Promise.withResolvers<Agent["work"] extends Promise<infer W> ? W : never>()
  first.promise.catch(() => undefined)
  let agent: Agent | undefined
  const done = run({ ...runtime, signal, log }, options, (started) => {
    agent = started
    started.work.then(first.resolve, first.reject)
  }).catch((error: unknown) => {
    first.reject(error)
    if (!signal.aborted) log.error("Agent ended", { error })
  })
  return {
    done,
    get registered() {
      return agent?.registered ?? false
    },
    get obstacle() {
      return agent?.obstacle
    },
    get heardMs() {
      return agent?.heardMs
    },
    get isDenied() {
      return agent?.isDenied ?? false
    },
    get isDetached() {
      return agent?.isDetached ?? false
    },
    work: first.promise,
    async stop() {
      stop.abort()
      await done
    },
  }
}

async function run(runtime: Runtime, options: FailoverOptions, started: (agent: Agent) => void): Promise<void> {
  const { signal, log } = runtime
  const { hubs, openMember, hubTimeoutMs: _, ...rest } = options
  const addresses = hubs.map(({ hub }) => hub)
  const everyone = hubs.map((__, i) => i)
  let current =
    hubOf(addresses, await options.credentialStore.load()) ?? (await firstThatTakes(runtime, options, everyone)) ?? 0
  for (;;) {
    const over = new AbortController()
    const within = AbortSignal.any([signal, over.signal])
    const { hub, bootstrap, reloadBootstrap, connect } = hubs[current]!
    if (hubs.length > 1) log.info("Obeying one of several hubs", { server: hub.server, hubs: hubs.length })
    const agent = startAgent(
      { ...runtime, signal: within },
      {
        ...rest,
        // The same at every hub, so that what one of them applied is not left over when the next has taken it over; and the
        // same as it was when the first hub was the only one.
        ...(hubs.length === 1 ? {} : { workAgentId: hubHashOf(addresses[0]!.server) }),
        connect,
        ...(bootstrap === undefined ? {} : { bootstrap }),
        ...(reloadBootstrap === undefined ? {} : { reloadBootstrap }),
        member: openMember(within),
      },
    )
    started(agent)
    const next = await Promise.race([untilElsewhere(runtime, options, agent, current), agent.done])
    over.abort()
    await agent.done
    if (next === undefined || signal.aborted) return
    current = next
  }
}

/** @returns the hub to obey from now on; undefined when told to stop */
async function untilElsewhere(
  runtime: Runtime,
  options: FailoverOptions,
  agent: Agent,
  current: number,
): Promise<number | undefined> {
  const { clock, log, signal } = runtime
  const addresses = options.hubs.map(({ hub }) => hub)
  const sinceMs = clock.nowMs()
  for (let waitMs = LOOK_MS; !signal.aborted;) {
    await sleep(clock, waitMs, signal).catch(() => undefined)
    if (signal.aborted) return undefined
    const plan = planFailover({
      hubs: addresses,
      current,
      sinceMs,
      heardMs: agent.heardMs,
      isDenied: agent.isDenied,
      isDetached: agent.isDetached,
      stored: await options.credentialStore.load().catch(() => undefined),
      timeoutMs: options.hubTimeoutMs,
      nowMs: clock.nowMs(),
    })
    if (plan.step === "follow") {
      log.info("Another process of this agent obeys another hub", { server: addresses[plan.hub]!.server })
      return plan.hub
    }
    waitMs = plan.step === "stay" ? plan.waitMs : LOOK_MS
    if (plan.step !== "look") continue
    const found = await firstThatTakes(runtime, options, plan.among)
    const from = addresses[current]!.server
    if (found !== undefined) {
      log.warn("Leaving the hub for another one", { from, to: addresses[found]!.server, why: plan.why })
      return found
    }
    log.warn("No other hub takes the cluster, staying with this one", { server: from, why: plan.why })
  }
  return undefined
}

/** Asks each, one after the other. @returns the first that would take the cluster */
async function firstThatTakes(
  runtime: Runtime,
  { hubs, clusterName }: FailoverOptions,
  among: readonly number[],
): Promise<number | undefined> {
  if (hubs.length === 1) return 0
  for (const i of among) if (await takes(runtime, hubs[i]!, clusterName)) return i
  return undefined
}

/**
 * Whether the bootstrap identity may ask for a certificate there, and the cluster is accepted, or not known yet: one
 * that is known and not accepted was denied, or waits for somebody, and so would the agent.
 */
async function takes(
  { clock, signal, log }: Runtime,
  { hub, bootstrap }: HubChoice,
  clusterName: string,
): Promise<boolean> {
  if (bootstrap === undefined) return false
  const over = new AbortController()
  const timer = clock.setTimer(TRIAL_MS, () => over.abort(new Error(`no answer within ${TRIAL_MS} ms`)))
  const within = AbortSignal.any([signal, over.signal])
  const entrance = bootstrap.connect()
  try {
    await entrance.certificates.list(clusterName, within)
    const cluster = await entrance.getCluster(clusterName, within).catch((error: unknown) => {
      // An administrator may announce clusters and give the bootstrap identity no right to look.
      if (hasReason(error, "NotFound", "Forbidden")) return undefined
      throw error
    })
    return cluster === undefined || cluster.spec.hubAcceptsClient === true
  } catch (error) {
    signal.throwIfAborted()
    log.debug("This hub does not take the cluster", { server: hub.server, error })
    return false
  } finally {
    timer.cancel()
    entrance.close()
  }
}
