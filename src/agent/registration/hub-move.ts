// The hub moves, or changes its authority, and its agent goes along.
//
// Reads:    ConfigMap open-cluster-management-hub/hub-endpoint, over the session's link, which the agent trusts already;
//           its own ManagedCluster at the new address.
// Wakes on: changes of that ConfigMap; a growing delay while the hub is not yet where it says to be.
// Writes:   nothing: who asked stores what was found.
// Gives up when: told to stop. Hubs without the ConfigMap (OCM's) are asked again from time to time.
import { backoffMs } from "#lib/backoff.ts"
import { sleep } from "#lib/clock.ts"
import type { HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import type { HubLink, LinkedEndpoint } from "#agent/hub-link.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { HubAddress } from "./credentials.ts"
import { planHubMove } from "./hub-move.plan.ts"

export type FollowOptions = {
  /** Of the session's link. */
  readonly endpoint: LinkedEndpoint
  /** Of the ManagedCluster: who answers with another one is another hub. */
  readonly clusterUid: () => string | undefined
  readonly current: HubAddress
  /** As the agent itself, somewhere else. */
  readonly connectTo: (hub: HubAddress) => Pick<HubLink, "cluster" | "close">
}

const RETRY = { initialMs: 2_000, maxMs: 5 * 60_000 }
/** Agents that learn of a move at once do not all try at once. */
const SPREAD_MS = 1_000
const TRIAL_MS = 10_000

/**
 * @returns the address to use from now on, once the hub has been seen there to know this very cluster; never the
 *   present one
 * @throws when `runtime.signal` aborts
 */
export async function followHub(runtime: Runtime, options: FollowOptions): Promise<HubAddress> {
  const { clock, random, signal, log } = runtime
  const stop = new AbortController()
  const published = watchEndpoint({ ...runtime, signal: AbortSignal.any([signal, stop.signal]) }, options)
  try {
    for (let failures = 0; ;) {
      const seen = published.version()
      const wanted = wantedAddresses(runtime, options.current, published.latest())
      if (wanted.length > 0) {
        await sleep(clock, random.fraction() * SPREAD_MS, signal)
        const found = await firstThatWorks(runtime, options, wanted)
        if (found !== undefined) return found
        const where = { server: options.current.server, published: wanted[0]!.server }
        // It is tried for as long as it is published; once is enough to tell.
        if (failures++ === 0) log.warn("The hub is not yet where it says to be; staying where it was found", where)
      }
      const changed = published.after(seen)
      await (wanted.length === 0
        ? changed
        : Promise.race([changed, sleep(clock, backoffMs(RETRY, failures, random), signal)]))
      if (published.version() !== seen) failures = 0
      signal.throwIfAborted()
    }
  } finally {
    stop.abort()
  }
}

function wantedAddresses(
  { log }: Runtime,
  current: HubAddress,
  latest: HubEndpoint | Error | undefined,
): readonly HubAddress[] {
  if (latest === undefined) return []
  try {
    if (latest instanceof Error) throw latest
    return planHubMove(current, latest)
  } catch (error) {
    log.warn("Cannot follow the hub: what it publishes about itself is of no use", { error })
    return []
  }
}

/** Looks for the hub that knows this very cluster. @returns the first address where it is; throws when told to stop */
export async function firstThatWorks(
  { clock, signal, log }: Runtime,
  { clusterUid, connectTo }: Pick<FollowOptions, "clusterUid" | "connectTo">,
  addresses: readonly HubAddress[],
): Promise<HubAddress | undefined> {
  for (const address of addresses) {
    const over = new AbortController()
    const timer = clock.setTimer(TRIAL_MS, () => over.abort(new Error(`no answer within ${TRIAL_MS} ms`)))
    let close = () => {}
    try {
      const hub = connectTo(address)
      close = hub.close
      const { metadata } = await hub.cluster.get(AbortSignal.any([signal, over.signal]))
      if (metadata.uid === clusterUid()) return address
      throw new Error("another hub answers there")
    } catch (error) {
      signal.throwIfAborted()
      log.debug("The hub was not found where it may have moved to", { server: address.server, error })
    } finally {
      timer.cancel()
      close()
    }
  }
  return undefined
}

type Watched = {
  /** Counts changes. */
  version(): number
  latest(): HubEndpoint | Error | undefined
  /** Resolves when there is a newer version than this, or the signal aborts. */
  after(version: number): Promise<void>
}

function watchEndpoint(runtime: Runtime, { endpoint }: FollowOptions): Watched {
  const { signal } = runtime
  let version = 0
  let latest: HubEndpoint | Error | undefined
  let next = Promise.withResolvers<void>()
  signal.addEventListener("abort", () => next.resolve(), { once: true })
  endpoint.follow(runtime, (published) => {
    latest = published
    version++
    next.resolve()
    next = Promise.withResolvers()
  })
  return {
    version: () => version,
    latest: () => latest,
    after: async (seen) => (version === seen && !signal.aborted ? next.promise : undefined),
  }
}
