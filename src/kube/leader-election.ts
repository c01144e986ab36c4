import type { Clock } from "#lib/clock.ts"
import { formatMicroTime, sleep } from "#lib/clock.ts"
import type { Log } from "#lib/log.ts"
import type { Metrics } from "#lib/metrics.ts"
import type { Random } from "#lib/random.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "./client.ts"

export type LeaderElectionOptions = {
  readonly client: KubeClient
  readonly namespace: string
  /** Of the Lease. */
  readonly name: string
  /** Who this is: different for every process. */
  readonly identity: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  /** Told who leads, under client-go's name `leader_election_master_status`. */
  readonly metrics?: Metrics
  /** How long others wait for a leader that has fallen silent. Whole seconds. Default 4 s. */
  readonly leaseDurationMs?: number
  /** How long a leader goes on without a renewal that succeeds. Less than the duration. Default 3 s. */
  readonly renewDeadlineMs?: number
  /** Between two renewals, and half of it between two looks of those who wait. Default 1 s. */
  readonly retryPeriodMs?: number
}

/*
 * client-go's defaults (15, 10 and 2 s) let a fleet stand for up to 17 s after a kill. With these the next leader starts
 * within 5 s: whoever waits looks every half second, so that it knows of the last renewal at most 0.5 s after it was
 * made, and takes over exactly 4 s after that. The price is one small write a second. A leader that cannot renew stops
 * after 3 s, a second before anybody may follow it.
 */
const LEASE_DURATION_MS_DEFAULT = 4_000
const RENEW_DEADLINE_MS_DEFAULT = 3_000
const RETRY_PERIOD_MS_DEFAULT = 1_000

type Lease = KubeObject & {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

const LEASES: ResourceType<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  kind: "Lease",
  namespaced: true,
}

/** Work of a leader was not over in time. Its process should end: another may lead already. */
export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError"
}

/**
 * Waits until this process leads, runs `lead`, and gives the lease back when the signal aborts or `lead` returns.
 * Times are measured by this process alone, from when it saw the lease change: clocks need not agree.
 *
 * @param lead  its signal aborts when the leadership ends
 * @throws LeadershipLostError when the lease could not be renewed or was taken; what `lead` throws
 */
export async function runLeaderElected(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, random, signal, log } = options
  const retryMs = options.retryPeriodMs ?? RETRY_PERIOD_MS_DEFAULT
  const deadlineMs = options.renewDeadlineMs ?? RENEW_DEADLINE_MS_DEFAULT
  const election = newElection(options)
  const status = options.metrics?.gauge(
    "leader_election_master_status",
    "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.",
  )
  status?.set(0, { name: options.name })

  while (!signal.aborted && !(await election.tryHold())) {
    const lookMs = (retryMs / 2) * (0.9 + 0.1 * random.fraction())
    const expiresInMs = election.expiresInMs()
    await sleep(clock, expiresInMs > 0 ? Math.min(lookMs, expiresInMs) : lookMs, signal).catch(() => undefined)
  }
  if (signal.aborted) return

  log.info("Became leader", { lease: options.name, identity: options.identity })
  status?.set(1, { name: options.name })
  const leading = new AbortController()
  const onAbort = () => leading.abort(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  let lost: LeadershipLostError | undefined
  const renew = async () => {
    let renewedMs = clock.nowMs()
    while (!leading.signal.aborted) {
      await sleep(clock, retryMs, leading.signal).catch(() => undefined)
      if (leading.signal.aborted) return
      // A try may hang: it must not outlive the time for which this process may believe that it leads.
      const leftMs = renewedMs + deadlineMs - clock.nowMs()
      const tryStartMs = clock.nowMs()
      const held = await Promise.race([election.tryHold(), sleep(clock, leftMs, leading.signal).catch(() => undefined)])
      if (held === true) renewedMs = tryStartMs
      if (leading.signal.aborted) return
      if (election.takenByOther() || clock.nowMs() - renewedMs >= deadlineMs) {
        lost = new LeadershipLostError(`Cannot lead by lease "${options.name}": it was not renewed in time`)
        return leading.abort(lost)
      }
    }
  }
  try {
    const renewing = renew()
    try {
      await lead(leading.signal)
    } finally {
      leading.abort()
      status?.set(0, { name: options.name })
      await renewing
    }
  } finally {
    signal.removeEventListener("abort", onAbort)
    if (lost === undefined) await election.release()
  }
  if (lost !== undefined) throw lost
}

function newElection(options: LeaderElectionOptions) {
  const { client, clock, namespace, name, identity, log, signal } = options
  const durationMs = options.leaseDurationMs ?? LEASE_DURATION_MS_DEFAULT
  let seen: Lease | undefined
  let seenAtMs = 0

  const observe = (lease: Lease) => {
    if (seen?.metadata.resourceVersion !== lease.metadata.resourceVersion) seenAtMs = clock.nowMs()
    seen = lease
  }
  const isHeldByOther = () => {
    const holder = seen?.spec?.holderIdentity
    return holder !== undefined && holder !== "" && holder !== identity
  }
  const expiryMs = () => seenAtMs + (seen?.spec?.leaseDurationSeconds ?? 0) * 1000

  const write = async (lease: Lease | undefined): Promise<void> => {
    const now = formatMicroTime(clock.nowMs())
    const mine = lease?.spec?.holderIdentity === identity
    const spec = {
      ...lease?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: mine ? (lease?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (mine || lease === undefined ? 0 : 1),
    }
    const object: Lease =
      lease === undefined
        ? { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name }, spec }
        : { ...lease, spec }
    observe(
      await (lease === undefined
        ? client.create(LEASES, object, { signal })
        : client.update(LEASES, object, { signal })),
    )
  }

  return {
    /** One try to get or keep the lease. @returns whether this process holds it now. Never rejects */
    async tryHold(): Promise<boolean> {
      try {
        // What was written last is the newest there is, unless somebody else wrote: then the update says so.
        if (seen?.spec?.holderIdentity !== identity) {
          const lease = await client.get(LEASES, { namespace, name }, { signal }).catch((error: unknown) => {
            if (hasReason(error, "NotFound")) return undefined
            throw error
          })
          if (lease === undefined) seen = undefined
          else observe(lease)
        }
        if (isHeldByOther() && clock.nowMs() < expiryMs()) return false
        await write(seen)
        return true
      } catch (error) {
        if (hasReason(error, "Conflict", "AlreadyExists", "NotFound")) await this.look()
        else if (!signal.aborted) log.warn("Cannot renew lease", { lease: name, error })
        return false
      }
    },
    /** Reads the lease as it is now. */
    async look(): Promise<void> {
      try {
        observe(await client.get(LEASES, { namespace, name }, { signal }))
      } catch (error) {
        if (hasReason(error, "NotFound")) seen = undefined
      }
    },
    takenByOther: isHeldByOther,
    /** How long until the lease that somebody else holds may be taken. */
    expiresInMs: () => (isHeldByOther() ? Math.max(expiryMs() - clock.nowMs(), 0) : Infinity),
    /** Gives the lease back, so that the next need not wait for its end. Source: client-go ReleaseOnCancel. */
    async release(): Promise<void> {
      if (seen?.spec?.holderIdentity !== identity) return
      const spec = {
        ...seen.spec,
        holderIdentity: "",
        leaseDurationSeconds: 1,
        renewTime: formatMicroTime(clock.nowMs()),
      }
      await client.update(LEASES, { ...seen, spec }).catch((error: unknown) => {
        log.debug("Cannot release lease", { lease: name, error })
      })
    },
  }
}
