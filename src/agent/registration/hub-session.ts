// The registered agent at its hub: lease, status and the next certificate.
//
// Reads:    its own ManagedCluster (hub cache), MemberFacts, its Lease.
// Wakes on: the ManagedCluster, changes of the member's health, nodes and claims, the lease's and certificate's times.
// Writes:   ManagedCluster status: Joined, Available, ClusterCertificateRotated, version, capacity, allocatable,
//           claims: one patch, and only when something differs. The Lease's renewTime. CertificateSigningRequest.
// Gives up when: the certificate has expired, or the hub keeps answering Unauthorized: the agent then joins anew; the
//           hub has left a tombstone for this very ManagedCluster.
//           A hub that is away is tried again for ever, with growing delays.
import { backoffMs } from "#lib/backoff.ts"
import { sleep } from "#lib/clock.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import type { NewCondition } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { DETACH_WORKLOADS_ANNOTATION } from "#api/cluster/detached.ts"
import { HUB_ACCEPTED } from "#api/cluster/names.ts"
import { newest } from "#agent/resource-version.ts"
import { silentEvents, type EventRecorder } from "#kube/events.ts"
import type { Informer } from "#kube/informer.ts"
import type { Write } from "#runtime/apply-plan.ts"
import { startController } from "#runtime/controller.ts"
import type { Controller, Runtime } from "#runtime/controller.ts"
import { requestCertificate } from "./certificate-request.ts"
import { clusterEvents } from "./cluster-events.ts"
import { planClusterStatus } from "./cluster-status.plan.ts"
import { certificatesOf, originOf, planRotation } from "./credentials.plan.ts"
import type { HubCredentials } from "./credentials.ts"
import { findTombstone } from "./departure.ts"
import { followHub } from "./hub-move.ts"
import { planLease } from "./lease.plan.ts"
import type { NamespaceOutcomes } from "./managed-namespace.plan.ts"
import { startManagedNamespaces } from "./managed-namespaces.ts"
import type { HubSessionOptions, SessionEnd } from "./hub-session-options.ts"
import { rotatedCondition, rotationFailed } from "./rotation-conditions.ts"

const ENTRY_BACKOFF = { initialMs: 20, maxMs: 10_000 }
const RENEWAL_BACKOFF = { initialMs: 1_000, maxMs: 5 * 60_000 }
/** A rotation's time is computed anew this often: clocks jump. Source: OCM, 5 minutes. */
const ROTATION_CHECK_MS = 5 * 60_000
/**
 * What the first report waits for at most, from the start of the session. Nodes and claims can follow: a definition
 * that was installed a moment ago is not served for its first second.
 */
const FIRST_FACTS = { probeMs: 2_000, cachesMs: 100 }
/** Refusals in a row, a second apart, after which they are believed. */
const REFUSALS_MAX = 3

export class HubSession {
  readonly #runtime: Runtime
  readonly #options: HubSessionOptions
  readonly #clusters: Informer<ManagedCluster>
  readonly #end = Promise.withResolvers<SessionEnd>()
  #answered: ManagedCluster | undefined
  #renewedMs: number | undefined
  #draw: number
  #rotation: NewCondition | undefined
  #namespaces: NamespaceOutcomes | undefined
  #confirming = false
  /** The stored credentials, with the ManagedCluster that they were used for. */
  #credentials: HubCredentials

  private constructor(runtime: Runtime, options: HubSessionOptions) {
    const { hub, credentials } = options
    this.#runtime = runtime
    this.#options = options
    this.#credentials = credentials
    this.#rotation = options.rotation
    this.#draw = runtime.random.fraction()
    this.#clusters = hub.cluster.cache
  }

  /** Runs until the credentials are of no use, or the signal aborts. Never rejects. */
  static async run(runtime: Runtime, options: HubSessionOptions): Promise<SessionEnd> {
    const over = new AbortController()
    const signal = AbortSignal.any([runtime.signal, over.signal])
    const session = new HubSession({ ...runtime, signal }, options)
    const onAbort = () => session.#end.resolve({ why: "stopped" })
    if (runtime.signal.aborted) onAbort()
    runtime.signal.addEventListener("abort", onAbort, { once: true })
    session.#work().catch((error: unknown) => {
      if (!signal.aborted) runtime.log.error("Session with the hub failed", { error })
      session.#end.resolve({ why: runtime.signal.aborted ? "stopped" : "refused" })
    })
    const end = await session.#end.promise
    runtime.signal.removeEventListener("abort", onAbort)
    options.facts.listen(undefined)
    over.abort()
    return end
  }

  /** The uid of this cluster's ManagedCluster, once known. */
  identity(): string | undefined {
    return this.#cluster()?.metadata.uid
  }

  /** Whether the cluster is on its way out and what its works applied shall stay. */
  keepsObjects(): boolean {
    return this.#cluster()?.metadata.annotations?.[DETACH_WORKLOADS_ANNOTATION] === "keep"
  }

  get #events(): EventRecorder {
    return this.#options.events ?? silentEvents
  }

  get #name(): string {
    return this.#options.credentials.clusterName
  }

  #cluster(): ManagedCluster | undefined {
    const cached = this.#clusters.get(this.#name)
    return cached === undefined ? this.#answered : newest(cached, this.#answered)
  }

  async #work(): Promise<void> {
    const { hub, facts, onEntered } = this.#options
    const { signal } = this.#runtime
    void this.#watchExpiry()
    const ready = facts.ready(FIRST_FACTS, signal)
    this.#answered = await this.#enter()
    await this.#remember(this.#answered)
    await ready
    // Before any cache is filled: the first report is what people wait for.
    const first = Promise.allSettled([this.#renewLease(), this.#report()])
    hub.start(signal)
    this.#options.onHeard?.()
    onEntered({ identity: () => this.identity(), keepsObjects: () => this.keepsObjects() })
    await first
    this.#startLease()
    this.#clusters.onChange(({ kind, object }) => {
      if (kind === "deleted") void this.#lookForTombstone()
      else this.#options.onDenied?.(object.spec.hubAcceptsClient !== true)
    })
    const statuses = this.#startStatus()
    this.#startNamespaces(statuses)
    void this.#rotate(statuses)
    void this.#follow()
  }

  /** Waits until the hub has accepted the cluster and lets its agent look at it. */
  async #enter(): Promise<ManagedCluster> {
    const { hub, accepted = new Promise<void>(() => {}) } = this.#options
    const { clock, random, signal, log } = this.#runtime
    let wake = accepted.then(() => undefined)
    for (let failures = 1; ; failures++) {
      try {
        const cluster = await hub.cluster.get(signal)
        const isOurs = cluster.metadata.uid === (this.#credentials.clusterUid ?? cluster.metadata.uid)
        if (!isOurs) await this.#lookForTombstone()
        if (isConditionTrue(cluster.status?.conditions, HUB_ACCEPTED)) return cluster
        if (failures === 1) log.info("Waits for the hub to accept the cluster", { cluster: this.#name })
      } catch (error) {
        signal.throwIfAborted()
        if (hasReason(error, "Unauthorized")) void this.#confirmRefusal()
        if (hasReason(error, "Forbidden", "NotFound")) await this.#lookForTombstone()
        log.debug("Cannot see the ManagedCluster yet", { error })
      }
      const woken = await Promise.race([
        wake.then(() => true),
        sleep(clock, backoffMs(ENTRY_BACKOFF, failures, random), signal).then(() => false),
      ])
      // Acceptance comes once, and what it grants a moment later: from here on ask quickly.
      if (woken) failures = 0
      if (woken) wake = new Promise(() => {})
    }
  }

  #startStatus(): Controller {
    const controller = startController(this.#runtime, {
      name: "managedcluster-status",
      subject: "cluster",
      workers: 1,
      sources: [{ informer: this.#clusters, keysOf: () => [this.#name] }],
      reconcile: async () => this.#guard(this.#report()),
    })
    this.#options.facts.listen(() => controller.enqueue(this.#name))
    return controller
  }

  #startNamespaces(statuses: Controller): void {
    if (this.#options.namespaces === undefined) return
    startManagedNamespaces(this.#runtime, {
      ...this.#options.namespaces,
      clusterName: this.#name,
      clusters: this.#clusters,
      onOutcomes: (outcomes) => {
        this.#namespaces = outcomes
        statuses.enqueue(this.#name)
      },
    })
  }

  #startLease(): Controller {
    return startController(this.#runtime, {
      name: "managedcluster-lease",
      subject: "cluster",
      workers: 1,
      backoff: RENEWAL_BACKOFF,
      sources: [{ informer: this.#clusters, keysOf: () => [this.#name] }],
      reconcile: async () => this.#guard(this.#renewLease()),
    })
  }

  async #report(): Promise<{ readonly requeueAfterMs?: number } | void> {
    const { facts, hub } = this.#options
    const cluster = this.#cluster()
    if (cluster === undefined) return
    const { health, version, nodes, claims } = facts
    const nowMs = this.#runtime.clock.nowMs()
    const [rotation, namespaces] = [this.#rotation, this.#namespaces]
    const plan = planClusterStatus({ cluster, health, version, nodes, claims, rotation, namespaces, nowMs })
    for (const action of plan.actions) {
      this.#answered = (await hub.cluster.write(action as Write, this.#runtime.signal)) ?? cluster
    }
    for (const event of plan.actions.length === 0 ? [] : clusterEvents(cluster, this.#answered ?? cluster)) {
      this.#events.event(cluster, event.type, event.reason, event.reason, event.note)
    }
    return plan
  }

  async #renewLease(): Promise<{ readonly requeueAfterMs?: number } | void> {
    const { clock, random, signal } = this.#runtime
    const cluster = this.#cluster()
    if (cluster === undefined) return
    const plan = planLease({ cluster, renewedMs: this.#renewedMs, draw: this.#draw, nowMs: clock.nowMs() })
    if (!plan.renew) return plan.waitMs === undefined ? undefined : { requeueAfterMs: plan.waitMs }
    await this.#options.hub.lease.renew(clock.nowMs(), signal)
    this.#options.onHeard?.()
    this.#renewedMs = clock.nowMs()
    this.#options.metrics?.leaseRenewed()
    this.#draw = random.fraction()
    const next = planLease({ cluster, renewedMs: this.#renewedMs, draw: this.#draw, nowMs: this.#renewedMs })
    return next.waitMs === undefined ? undefined : { requeueAfterMs: next.waitMs }
  }

  /** Passes failures on, and looks into those that say that the certificate is not taken any more. */
  async #guard<T>(pass: Promise<T>): Promise<T> {
    try {
      return await pass
    } catch (error) {
      if (hasReason(error, "Unauthorized")) void this.#confirmRefusal()
      if (hasReason(error, "Forbidden", "NotFound")) await this.#lookForTombstone()
      throw error
    }
  }

  /** Kept, so that a later start knows which ManagedCluster it was, whatever the hub has under the name by then. */
  async #remember({ metadata: { uid } }: ManagedCluster): Promise<void> {
    if (uid === undefined || uid === this.#credentials.clusterUid) return
    this.#credentials = { ...this.#credentials, clusterUid: uid }
    await this.#options.store.save(this.#credentials)
  }

  /** Being shut out is no reason to do anything. What the hub has left in writing is. */
  async #lookForTombstone(): Promise<void> {
    const { clusterUid: uid } = this.#credentials
    const { signal } = this.#runtime
    const detached = uid === undefined ? undefined : await findTombstone(this.#options.hub, uid, signal)
    if (detached === undefined) return
    this.#end.resolve({ why: "detached", credentials: { ...this.#credentials, detached }, detached })
  }

  /** One Unauthorized may be a server that is starting: it is believed when it stays. */
  async #confirmRefusal(): Promise<void> {
    if (this.#confirming) return
    this.#confirming = true
    const { clock, signal } = this.#runtime
    try {
      for (let refusals = 0; refusals < REFUSALS_MAX; refusals++) {
        await sleep(clock, 1_000, signal)
        await this.#options.hub.cluster.get(signal).catch((error: unknown) => {
          if (hasReason(error, "Unauthorized")) return
          throw error
        })
      }
      this.#end.resolve({ why: "refused" })
    } catch {
      // Something else than a refusal: the hub is away, or lets us in again.
    } finally {
      this.#confirming = false
    }
  }

  async #watchExpiry(): Promise<void> {
    const { clock, signal } = this.#runtime
    const notAfterMs = Math.min(...certificatesOf(this.#options.credentials.certificate).map((c) => c.notAfterMs))
    for (let leftMs; (leftMs = notAfterMs - clock.nowMs()) >= 0;) {
      await sleep(clock, Math.min(leftMs + 1, ROTATION_CHECK_MS), signal).catch(() => undefined)
      if (signal.aborted) return
    }
    this.#end.resolve({ why: "expired" })
  }

  /** Goes where the hub says to be, once it has been seen there. */
  async #follow(): Promise<void> {
    const { hub, store, connectTo } = this.#options
    if (connectTo === undefined) return
    const { signal, log } = this.#runtime
    const { hub: current } = this.#credentials
    const clusterUid = () => this.#credentials.clusterUid
    try {
      const found = await followHub(this.#runtime, { endpoint: hub.endpoint, clusterUid, current, connectTo })
      this.#credentials = { ...this.#credentials, hub: found, joinedAt: originOf(this.#credentials) }
      await store.save(this.#credentials)
      log.info("The hub has moved, and the agent went along", { from: current.server, to: found.server })
      this.#end.resolve({ why: "moved", credentials: this.#credentials })
    } catch (error) {
      if (!signal.aborted) log.warn("Cannot follow the hub", { error })
    }
  }

  /** Gets the next certificate in time. The old one serves until the new one is there. */
  async #rotate(statuses: Controller): Promise<void> {
    const { credentials, hub, store, certificateSeconds } = this.#options
    const { clock, random, signal, log } = this.#runtime
    const [leaf] = certificatesOf(credentials.certificate)
    if (leaf === undefined) return
    const draw = random.fraction()
    const tell = (rotation: NewCondition) => {
      this.#rotation = rotation
      statuses.enqueue(this.#name)
    }
    for (let failures = 0; !signal.aborted;) {
      const { waitMs } = planRotation(leaf, draw, clock.nowMs())
      const delayMs = failures > 0 ? backoffMs(RENEWAL_BACKOFF, failures, random) : Math.min(waitMs, ROTATION_CHECK_MS)
      await sleep(clock, delayMs, signal).catch(() => undefined)
      if (signal.aborted || planRotation(leaf, draw, clock.nowMs()).waitMs > 0) continue
      try {
        const { clusterName, agentName } = this.#credentials
        const expiry = certificateSeconds === undefined ? {} : { expirationSeconds: certificateSeconds }
        const issued = await requestCertificate(
          this.#runtime,
          hub.certificates,
          { clusterName, agentName, renews: true, ...expiry },
          signal,
        )
        const next = { ...this.#credentials, ...issued }
        this.#credentials = next
        await store.save(next)
        const cluster = this.#cluster()
        const note = `A new client certificate for ${clusterName} is available`
        if (cluster) this.#events.event(cluster, "Normal", "ClientCertificateCreated", "Rotate", note)
        return this.#end.resolve({ why: "rotated", credentials: next, rotation: rotatedCondition(next) })
      } catch (error) {
        if (signal.aborted) return
        failures++
        log.warn("Cannot rotate the certificate, trying again", { error, failures })
        const failed = rotationFailed(error)
        const cluster = this.#cluster()
        if (cluster) this.#events.event(cluster, "Warning", failed.reason, "Rotate", failed.message ?? "")
        tell(failed)
      }
    }
  }
}
