// The end of a membership: what the hub's tombstone says, what is said back, and whether the hub changes its mind.
//
// Reads:    Lease `detached-clusters` of the cluster's namespace; later its ManagedCluster and its lease.
// Writes:   the tombstone, once everything that it asks for is done.
import { DETACHED_LEASE, tombstonesOf, withTombstones } from "#api/cluster/detached.ts"
import { CLUSTER_LEASE, HUB_ACCEPTED } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { backoffMs } from "#lib/backoff.ts"
import { sleep } from "#lib/clock.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { Detached } from "./credentials.ts"

/** @returns what the hub says of the ManagedCluster with this uid; undefined when it says nothing, or does not answer */
export async function findTombstone(
  client: KubeClient,
  cluster: string,
  uid: string,
  signal: AbortSignal,
): Promise<Detached | undefined> {
  try {
    const lease = await client.get(LEASES, { namespace: cluster, name: DETACHED_LEASE }, { signal })
    const found = tombstonesOf(lease).find((tombstone) => tombstone.uid === uid)
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
  client: KubeClient,
  cluster: string,
  uid: string,
): Promise<void> {
  for (let failures = 1; failures <= TELL_TRIES_MAX && !signal.aborted; failures++) {
    try {
      const lease = await client.get(LEASES, { namespace: cluster, name: DETACHED_LEASE }, { signal })
      const before = tombstonesOf(lease)
      if (!before.some((tombstone) => tombstone.uid === uid && tombstone.clearedMs === undefined)) return
      const clearedMs = clock.nowMs()
      const after = before.map((tombstone) => (tombstone.uid === uid ? { ...tombstone, clearedMs } : tombstone))
      await client.update(LEASES, withTombstones(lease, after), { signal })
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
  client: KubeClient,
  cluster: string,
): Promise<void> {
  let lastRenewal: string | undefined
  for (let failures = 1; !signal.aborted; failures++) {
    await sleep(clock, backoffMs(RETURN_BACKOFF, failures, random), signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      const { metadata, status } = await client.get(MANAGED_CLUSTERS, { name: cluster }, { signal })
      if (!isConditionTrue(status?.conditions, HUB_ACCEPTED) || metadata.deletionTimestamp !== undefined) continue
      const { spec } = await client.get(LEASES, { namespace: cluster, name: CLUSTER_LEASE }, { signal })
      const renewal = spec?.renewTime ?? ""
      if (renewal === lastRenewal) return
      lastRenewal = renewal
    } catch {
      lastRenewal = undefined
    }
  }
}
