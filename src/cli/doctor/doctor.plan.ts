// What is wrong with a hub and its fleet, from what can be seen on the hub.
import { AVAILABLE, CERTIFICATE_ROTATED, CLOCK_SYNCED, HUB_ACCEPTED, JOINED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import { formatAge } from "#cli/table.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { Check } from "./check.ts"

export type SeenHub = {
  readonly server: string
  readonly version: string
  /** How long the hub took to say its version. */
  readonly tookMs: number
  /** The hub's clock less ours; undefined when it does not tell. */
  readonly skewMs: number | undefined
  /** `Kind` of group/version, of those that Hawser needs and the hub does not serve. */
  readonly missingKinds: readonly string[]
  /** End of the client certificate that we come with. */
  readonly certificateEndsMs: number | undefined
  /** Of `hawser hub`; a fleet in one process has none. */
  readonly leader: Lease | undefined
  readonly requests: readonly CertificateSigningRequest[]
  readonly clusters: ClusterTally
  readonly works: WorkTally
  readonly nowMs: number
}

const SKEW_MS_MAX = 5_000
const SLOW_MS = 1_000
const CERTIFICATE_LEFT_MS = 30 * 24 * 3600_000
/** A request that nobody has decided for so long is waited for by somebody. */
const PENDING_MS = 60_000

export function planChecks(seen: SeenHub): readonly Check[] {
  return [
    ...hubChecks(seen),
    ...controllerChecks(seen),
    ...requestChecks(seen),
    ...clusterChecks(seen),
    ...workChecks(seen),
  ]
}

function hubChecks({ server, version, tookMs, skewMs, missingKinds, certificateEndsMs, nowMs }: SeenHub): Check[] {
  const isSlow = tookMs > SLOW_MS
  const checks: Check[] = [
    { about: "hub", status: isSlow ? "warn" : "ok", says: `${server} answers in ${Math.round(tookMs)} ms, ${version}` },
  ]
  if (missingKinds.length > 0) {
    const says = `does not serve ${missingKinds.join(", ")}`
    checks.push({ about: "hub", status: "bad", says, next: "hawser init" })
  } else checks.push({ about: "hub", status: "ok", says: "serves all kinds of Hawser's" })
  if (skewMs !== undefined && Math.abs(skewMs) > SKEW_MS_MAX) {
    const says = `its clock differs from this machine's by ${Math.round(skewMs / 1000)} s`
    checks.push({ about: "hub", status: "warn", says, next: "set both by NTP: leases and certificates depend on it" })
  }
  if (certificateEndsMs !== undefined && certificateEndsMs - nowMs < CERTIFICATE_LEFT_MS) {
    const says = `your client certificate ends in ${formatAge(nowMs, certificateEndsMs)}`
    checks.push({ about: "hub", status: "warn", says })
  }
  return checks
}

function controllerChecks({ leader, clusters, nowMs }: SeenHub): Check[] {
  const about = "controllers"
  if (clusters.ignored.length > 0) {
    const says = `${names(clusters.ignored)} let in, and no controller has taken notice`
    return [{ about, status: "bad", says, next: "start `hawser hub`, or look into its log" }]
  }
  if (leader === undefined)
    return [{ about, status: "ok", says: "keep up; nobody leads by a lease, as in a fleet of one process" }]
  const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = leader.spec ?? {}
  const agoMs = nowMs - (parseTimeMs(renewTime) ?? 0)
  if (!holderIdentity || agoMs > 2 * leaseDurationSeconds * 1000) {
    const says = `nobody leads: the lease was renewed ${formatAge(nowMs - agoMs, nowMs)} ago by ${holderIdentity || "nobody"}`
    return [{ about, status: "bad", says, next: "start `hawser hub`, or look into its log" }]
  }
  return [{ about, status: "ok", says: `led by ${holderIdentity}` }]
}

function requestChecks({ requests, nowMs }: SeenHub): Check[] {
  const waiting = requests.filter(
    ({ metadata, status }) =>
      (status?.conditions ?? []).length === 0 &&
      nowMs - (parseTimeMs(metadata.creationTimestamp) ?? nowMs) > PENDING_MS,
  )
  if (waiting.length === 0) return []
  const of = [
    ...new Set(waiting.map(({ metadata }) => metadata.labels?.["open-cluster-management.io/cluster-name"] ?? "?")),
  ]
  return [
    {
      about: "joining",
      status: "warn",
      says: `${waiting.length} requests for certificates wait to be approved, of ${listed(of)}`,
      next: `hawser accept ${of[0]}`,
    },
  ]
}

function clusterChecks({ clusters }: SeenHub): Check[] {
  const { total, available, waiting, silent, unhealthy, leaving, skewed, unrenewed } = clusters
  const about = "clusters"
  const warn = (found: readonly string[], says: string, next: (first: string) => string): Check[] =>
    found.length === 0 ? [] : [{ about, status: "warn", says: `${names(found)} ${says}`, next: next(found[0]!) }]
  const explain = (first: string) => `hawser explain cluster ${first}`
  return [
    { about, status: total === 0 ? "warn" : "ok", says: `${available} of ${total} are available` },
    ...(silent.length === 0
      ? []
      : [{ about, status: "bad", says: `${names(silent)} not heard of`, next: explain(silent[0]!) } as const]),
    ...(unhealthy.length === 0
      ? []
      : [{ about, status: "bad", says: `${names(unhealthy)} not available`, next: explain(unhealthy[0]!) } as const]),
    ...warn(waiting, "waiting to be let in", (first) => `hawser accept ${first}`),
    ...warn(leaving, "being detached", explain),
    ...warn(skewed, "with a clock that is wrong", explain),
    ...warn(unrenewed, "that could not renew the certificate", explain),
  ]
}

function workChecks({ works }: SeenHub): Check[] {
  const { total, refused, missing, drifting } = works
  const about = "works"
  const tell = (
    found: readonly string[],
    status: Check["status"],
    says: string,
    next: (first: string) => string,
  ): Check[] => (found.length === 0 ? [] : [{ about, status, says: `${names(found)} ${says}`, next: next(found[0]!) }])
  const explain = (first: string) => `hawser explain work ${first}`
  const well = total - new Set([...refused, ...missing]).size
  return [
    { about, status: "ok", says: `${well} of ${total} are applied and available` },
    ...tell(refused, "bad", "not applied: refused on the cluster", explain),
    ...tell(missing, "warn", "not available", explain),
    ...tell(drifting, "warn", "not as their work says", () => "hawser drift --now"),
  ]
}

const SHOWN = 5
const listed = (found: readonly string[]) => found.slice(0, SHOWN).join(", ") + (found.length > SHOWN ? ", …" : "")
/** `a is`, `a, b are`. */
const names = (found: readonly string[]) =>
  found.slice(0, SHOWN).join(", ") +
  (found.length > SHOWN ? ` and ${found.length - SHOWN} more are` : found.length === 1 ? " is" : " are")

export type ClusterTally = {
  total: number
  available: number
  readonly waiting: string[]
  /** Let in, and the hub has said nothing. */
  readonly ignored: string[]
  readonly silent: string[]
  readonly unhealthy: string[]
  readonly leaving: string[]
  readonly skewed: string[]
  readonly unrenewed: string[]
}

export const newClusterTally = (): ClusterTally => ({
  total: 0,
  available: 0,
  waiting: [],
  ignored: [],
  silent: [],
  unhealthy: [],
  leaving: [],
  skewed: [],
  unrenewed: [],
})

/** What the hub is given to take notice of a cluster that was let in. */
const NOTICE_MS = 60_000

/** Counts one more cluster. */
export function tallyCluster(tally: ClusterTally, { metadata, spec, status }: ManagedCluster, nowMs: number): void {
  const name = metadata.name ?? ""
  const conditions = status?.conditions
  const says = (type: string) => findCondition(conditions, type)?.status
  tally.total++
  if (isConditionTrue(conditions, AVAILABLE)) tally.available++
  if (metadata.deletionTimestamp !== undefined) return void tally.leaving.push(name)
  if (!spec.hubAcceptsClient) return void tally.waiting.push(name)
  const isFresh = nowMs - (parseTimeMs(metadata.creationTimestamp) ?? 0) < NOTICE_MS
  if (says(HUB_ACCEPTED) === undefined) return void (isFresh || tally.ignored.push(name))
  if (says(AVAILABLE) === "False") tally.unhealthy.push(name)
  else if (says(AVAILABLE) !== "True" && (says(JOINED) === "True" || !isFresh)) tally.silent.push(name)
  if (says(CLOCK_SYNCED) === "False") tally.skewed.push(name)
  if (says(CERTIFICATE_ROTATED) === "False") tally.unrenewed.push(name)
}

export type WorkTally = {
  total: number
  /** `CLUSTER/NAME`. */
  readonly refused: string[]
  readonly missing: string[]
  readonly drifting: string[]
}
