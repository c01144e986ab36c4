// Which of several hubs an agent obeys. One at a time: that is the fence. A hub that was left may still write works, and
// nobody carries them out; what it had applied stays until the present hub's works take it over.
import type { HubAddress, HubCredentials } from "./credentials.ts"
import { originOf } from "./credentials.plan.ts"

export type ObservedHubs = {
  /** Where each leads, in the order of preference. */
  readonly hubs: readonly HubAddress[]
  /** The one that is followed now. */
  readonly current: number
  /** When that began. */
  readonly sinceMs: number
  /** When this hub last let the agent in or took its lease; undefined when it has not yet. */
  readonly heardMs: number | undefined
  /** The hub had accepted the cluster, and says now that it does not. */
  readonly isDenied: boolean
  /** The hub has detached the cluster: an order, and not a reason to look for another master. */
  readonly isDetached: boolean
  /** The credentials as they are kept: another process of this agent may have moved on. */
  readonly stored: HubCredentials | undefined
  /** How long a hub may be silent. */
  readonly timeoutMs: number
  readonly nowMs: number
}

export type FailoverPlan =
  /** @property waitMs  when to look again, if nothing happens before */
  | { readonly step: "stay"; readonly waitMs: number }
  /** Another process of this agent obeys that one. */
  | { readonly step: "follow"; readonly hub: number }
  /** Go to the first of these that would take the cluster; stay when none would. */
  | { readonly step: "look"; readonly among: readonly number[]; readonly why: string }

/** The silence of a hub is measured this often. Source: OCM hubTimeoutController, each minute. */
export const LOOK_MS = 60_000

/** Source: OCM pkg/registration/spoke, hubAcceptController and hubTimeoutController. */
export function planFailover(observed: ObservedHubs): FailoverPlan {
  const { hubs, current, isDetached, isDenied, timeoutMs, nowMs } = observed
  const kept = hubOf(hubs, observed.stored)
  if (kept !== undefined && kept !== current) return { step: "follow", hub: kept }
  if (hubs.length < 2 || isDetached) return { step: "stay", waitMs: LOOK_MS }
  const among = hubs.map((_, i) => (current + 1 + i) % hubs.length).slice(0, -1)
  if (isDenied) return { step: "look", among, why: "the hub does not accept the cluster any more" }
  // A clock that was set back would make the silence last longer than it does.
  const silentMs = Math.max(0, nowMs - Math.max(observed.heardMs ?? 0, observed.sinceMs))
  if (silentMs < timeoutMs) return { step: "stay", waitMs: Math.min(LOOK_MS, timeoutMs - silentMs) }
  return { step: "look", among, why: `the hub has not been heard of for ${Math.floor(silentMs / 1000)} s` }
}

/** @returns which of the hubs the credentials are for, wherever it is by now; undefined when it is none of them */
export function hubOf(hubs: readonly HubAddress[], stored: HubCredentials | undefined): number | undefined {
  if (stored === undefined) return undefined
  const servers = [stored.hub.server, originOf(stored).server]
  const found = hubs.findIndex(({ server }) => servers.includes(server))
  return found < 0 ? undefined : found
}
