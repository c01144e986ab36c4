// What an agent needs of its hub, and nothing of how it is carried: the Kubernetes API (`kubernetes-hub.ts`) is the first way.
//
// Objects are the API's on every link, and so are refusals: a StatusError with the reason that the API server gives
// (Unauthorized, Forbidden, NotFound, Conflict …). A hub that cannot be reached is a ConnectionError.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { Tombstone } from "#api/cluster/detached.ts"
import type { HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { EventRecorderOptions } from "#kube/events.ts"
import type { Informer } from "#kube/informer.ts"
import type { Write } from "#runtime/apply-plan.ts"
import type { Runtime } from "#runtime/controller.ts"

/** What is seen and done with the bootstrap identity. */
export interface HubEntrance {
  getCluster(name: string, signal: AbortSignal): Promise<ManagedCluster>
  createCluster(cluster: ManagedCluster, signal: AbortSignal): Promise<void>
  /** Tells what the cluster is now, and of every change, until the runtime's signal aborts. Never throws. */
  followCluster(runtime: Runtime, name: string, told: (cluster: ManagedCluster) => void): void
  readonly certificates: CertificateRequests
  close(): void
}

/** The hub as the registered agent of one cluster sees it. */
export interface HubLink {
  readonly cluster: LinkedCluster
  readonly works: LinkedObjects<ManifestWork>
  readonly lease: LinkedLease
  readonly tombstones: LinkedTombstones
  readonly endpoint: LinkedEndpoint
  readonly certificates: CertificateRequests
  /** Where Events about objects of the hub are written. */
  readonly events: EventRecorderOptions["client"]
  /** Begins to fill the caches that were asked for, and those asked for later. */
  start(signal: AbortSignal): void
  /** What is under way ends by its own signal. */
  close(): void
}

/** Objects of one kind that hub and agent share. */
export interface LinkedObjects<T extends KubeObject> {
  /** Follows the hub from `start` on. */
  readonly cache: Informer<T>
  /** As the hub has it now. */
  get(name: string, signal: AbortSignal): Promise<T>
  /** @returns what the hub made of it; null when a deletion left nothing behind */
  write(action: Write, signal: AbortSignal): Promise<T | null>
}

/** This cluster's ManagedCluster; no other is seen. */
export interface LinkedCluster {
  readonly cache: Informer<ManagedCluster>
  get(signal: AbortSignal): Promise<ManagedCluster>
  write(action: Write, signal: AbortSignal): Promise<ManagedCluster | null>
}

/** The sign of life. */
export interface LinkedLease {
  renew(nowMs: number, signal: AbortSignal): Promise<void>
  /** The time of the last renewal, by whomever, as the hub has it now; empty before the first. */
  renewedAt(signal: AbortSignal): Promise<string>
}

/** What the hub has left behind for agents of this cluster's name that it detached. */
export interface LinkedTombstones {
  list(signal: AbortSignal): Promise<readonly Tombstone[]>
  /** Says that all that the one with this uid asked for is done. */
  clear(uid: string, clearedMs: number, signal: AbortSignal): Promise<void>
}

/** Where the hub says that it is to be found. */
export interface LinkedEndpoint {
  /**
   * Tells what is published now, and of every change, until the runtime's signal aborts. Hubs that publish nothing
   * (OCM's) are asked again from time to time. Never throws.
   * @param told  undefined: nothing is published any more. An Error: what is published cannot be read
   */
  follow(runtime: Runtime, told: (endpoint: HubEndpoint | Error | undefined) => void): void
}

export interface CertificateRequests {
  /** Those of the cluster. */
  list(cluster: string, signal: AbortSignal): Promise<readonly CertificateSigningRequest[]>
  create(request: CertificateSigningRequest, signal: AbortSignal): Promise<CertificateSigningRequest>
  /** Tells what the request is now, and of every change; undefined when it is gone. Until the signal aborts. Never throws. */
  follow(runtime: Runtime, name: string, told: (request: CertificateSigningRequest | undefined) => void): void
}
