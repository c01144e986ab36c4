import { sleep } from "#lib/clock.ts"
import { readBody } from "#lib/http.ts"
import { describeError } from "#lib/log.ts"
import type { Node } from "#api/kubernetes/core.ts"
import { NODES } from "#api/kubernetes/core.ts"
import type { ClusterClaim } from "#api/cluster/v1alpha1.ts"
import { CLUSTER_CLAIMS } from "#api/cluster/v1alpha1.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Informer, InformerFactory } from "#kube/informer.ts"
import type { Runtime } from "#runtime/controller.ts"
import { CLUSTER_PROPERTIES, type ClusterProperty } from "#api/cluster/property.ts"
import type { SaidOfItself } from "./cluster-status.plan.ts"
import type { MemberHealth } from "./cluster-status.plan.ts"

/** Between two questions to a member that is well. */
const PROBE_MS = 30_000
/** ... and to one that is not. Source: OCM healthCheckRetryInterval. */
const PROBE_FAILING_MS = 5_000

/** The longest answer that is quoted on the hub. */
const QUOTE_MAX = 1024

export type FactsOptions = {
  /** Gate ClusterClaim. */
  readonly claims: boolean
  /** Gate ClusterProperty; its kind must be served by the member. */
  readonly properties: boolean
}

/** What the agent knows of its member, kept up to date whether there is a hub or not. */
export class MemberFacts {
  readonly #runtime: Runtime
  readonly #client: KubeClient
  readonly #nodes: Informer<Node>
  readonly #claims: Informer<ClusterClaim> | undefined
  readonly #properties: Informer<ClusterProperty> | undefined
  readonly #probed = Promise.withResolvers<void>()
  #listener: (() => void) | undefined
  #gathering = false
  health: MemberHealth | undefined
  version: string | undefined

  constructor(runtime: Runtime, client: KubeClient, informers: InformerFactory, options: FactsOptions) {
    this.#runtime = runtime
    this.#client = client
    this.#nodes = informers.informer(NODES)
    this.#claims = options.claims ? informers.informer(CLUSTER_CLAIMS) : undefined
    this.#properties = options.properties ? informers.informer(CLUSTER_PROPERTIES) : undefined
    for (const informer of [this.#nodes, this.#claims, this.#properties]) informer?.onChange(() => this.#tellSoon())
  }

  get nodes(): readonly Node[] | undefined {
    return this.#nodes.synced ? this.#nodes.list() : undefined
  }

  /** What the cluster says of itself; undefined while part of it has not been read. */
  get claims(): readonly SaidOfItself[] | undefined {
    const sources = [this.#properties, this.#claims].filter((source) => source !== undefined)
    if (sources.length === 0 || !sources.every(({ synced }) => synced)) return undefined
    const properties = this.#properties?.list() ?? []
    const names = new Set(properties.map(({ metadata }) => metadata.name))
    // Of a claim and a property of the same name the property counts. Source: OCM.
    return [...properties, ...(this.#claims?.list() ?? []).filter(({ metadata }) => !names.has(metadata.name))]
  }

  /** Who wants to know of changes: one at a time. */
  listen(listener: (() => void) | undefined): void {
    this.#listener = listener
  }

  /**
   * Resolves when enough is known for a first report: the member has been asked once, within `probeMs`, and its nodes
   * and claims have been read, within `cachesMs`. What comes later is a second report's.
   */
  async ready(limits: { readonly probeMs: number; readonly cachesMs: number }, signal: AbortSignal): Promise<void> {
    const caches = [this.#nodes, this.#claims, this.#properties].filter((cache) => cache !== undefined)
    const within = async (known: Promise<unknown>, limitMs: number) => {
      const over = new AbortController()
      const limit = sleep(this.#runtime.clock, limitMs, AbortSignal.any([signal, over.signal])).catch(() => undefined)
      await Promise.race([known, limit])
      over.abort()
    }
    await Promise.all([
      within(this.#probed.promise, limits.probeMs),
      within(Promise.allSettled(caches.map((cache) => cache.waitForSync(signal))), limits.cachesMs),
    ])
  }

  /** Probes until the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { clock, signal } = this.#runtime
    while (!signal.aborted) {
      const before = this.health
      await this.#probe()
      this.#probed.resolve()
      if (before?.ok !== this.health?.ok || !this.health?.ok) this.#listener?.()
      await sleep(clock, this.health?.ok ? PROBE_MS : PROBE_FAILING_MS, signal).catch(() => undefined)
    }
  }

  /** News of nodes come in bursts and say little: a second is soon enough. */
  #tellSoon(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#runtime.clock.setTimer(1_000, () => {
      this.#gathering = false
      this.#listener?.()
    })
  }

  async #probe(): Promise<void> {
    const { clock, signal, log } = this.#runtime
    const [failure, version] = await Promise.all([
      this.#ask(),
      this.#readVersion().catch((error: unknown) => {
        log.debug("Cannot read the member's version", { error })
        return undefined
      }),
    ])
    if (signal.aborted) return
    this.version = version ?? this.version
    const sinceMs = this.health?.ok === false ? this.health.sinceMs : clock.nowMs()
    this.health = failure === undefined ? { ok: true } : { ok: false, sinceMs, message: failure }
  }

  /** @returns what is wrong with the member's API server, as OCM words it */
  async #ask(): Promise<string | undefined> {
    let status = 0
    try {
      let answer = await this.#get("/livez")
      // Kubernetes before 1.16 has no /livez, and some roles do not reach it.
      if (answer.status === 404 || answer.status === 403) answer = await this.#get("/healthz")
      status = answer.status
      if (status === 200) return undefined
      return `The kube-apiserver is not ok, status code: ${status}, ${answer.text.slice(0, QUOTE_MAX)}`
    } catch (error) {
      return `The kube-apiserver is not ok, status code: ${status}, ${describeError(error).slice(0, QUOTE_MAX)}`
    }
  }

  /** To the end, whatever it says: an answer that nobody reads is kept open. */
  async #get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { status, body } = await this.#client.raw("GET", path, { signal: this.#runtime.signal })
    return { status, text: Buffer.from(await readBody(body)).toString() }
  }

  async #readVersion(): Promise<string | undefined> {
    const answer = await this.#get("/version")
    if (answer.status !== 200) return undefined
    const info = JSON.parse(answer.text) as { gitVersion?: unknown }
    return typeof info.gitVersion === "string" ? info.gitVersion : undefined
  }
}
