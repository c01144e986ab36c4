// The end of a membership: what the hub's tombstone says, what is said back, and whether the hub changes its mind.
//
// Reads:    Lease `detached-clusters` of the cluster's namespace; later its ManagedCluster and its lease.
// Writes:   the tombstone, once everything that it asks for is done.
import { HUB_ACCEPTED } from "#api/cluster/names.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { HubLink } from "#agent/hub-link.ts"
import { backoffMs } from "#lib/backoff.ts"
import { sleep } from "#lib/clock.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { Detached } from "./credentials.ts"

/** @returns what the hub says of the ManagedCluster with this uid; undefined when it says nothing, or does not answer */
export async function findTombstone(
  { tombstones }: Pick<HubLink, "tombstones">,
  uid: string,
  signal: AbortSignal,
): Promise<Detached | undefined> {
  try {
    const found = (await tombstones.list(signal)).find((tombstone) => tombstone.uid === uid)
    return found && { uid, workloads: found.workloads }
  } catch {
    return undefined
  }
}

const TELL_BACKOFF = { initialMs: 500, maxMs: 60_000 }
/** The hub keeps the tombstone anyway; it only does not know that it was obeyed. */
const TELL_TRIES_MAX = 10

/** Says on the hub that nothing is left to do. @returns also when the hub cannot be told */
export async function tellCleared(
  { clock, random, signal, log }: Runtime,
  { tombstones }: Pick<HubLink, "tombstones">,
  uid: string,
): Promise<void> {
  for (let failures = 1; failures <= TELL_TRIES_MAX && !signal.aborted; failures++) {
    try {
      await tombstones.clear(uid, clock.nowMs(), signal)
      return
    } catch (error) {
      if (hasReason(error, "NotFound", "Forbidden", "Unauthorized")) return
      log.debug("Cannot tell the hub that the cluster is cleared", { error, failures })
    }
    await sleep(clock, backoffMs(TELL_BACKOFF, failures, random), signal).catch(() => undefined)
  }
}

const RETURN_BACKOFF = { initialMs: 2_000, maxMs: 5 * 60_000 }

/**
 * Resolves when the hub has taken the cluster back by its own doing: its ManagedCluster is there and accepted, and no
 * other agent has joined under its name meanwhile. Stays pending otherwise, and when the signal aborts.
 */
export async function waitForReturn(
  { clock, random, signal }: Runtime,
  { cluster, lease }: Pick<HubLink, "cluster" | "lease">,
): Promise<void> {
  let lastRenewal: string | undefined
  for (let failures = 1; !signal.aborted; failures++) {
    await sleep(clock, backoffMs(RETURN_BACKOFF, failures, random), signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      const { metadata, status } = await cluster.get(signal)
      if (!isConditionTrue(status?.conditions, HUB_ACCEPTED) || metadata.deletionTimestamp !== undefined) continue
      const renewal = await lease.renewedAt(signal)
      if (renewal === lastRenewal) return
      lastRenewal = renewal
    } catch {
      lastRenewal = undefined
    }
  }
}
