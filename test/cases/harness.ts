import type { KubeClient } from "#kube/client.ts"
import type { Kubeconfig } from "#kube/kubeconfig.ts"

/**
 * A hub with members that have joined it, however they are made: on the embedded API server, or on real Kubernetes. The
 * same cases run on every implementation; a difference is a bug in ours.
 */
export interface FleetHarness {
  /** As administrator. */
  readonly hub: KubeClient
  /** Where the hub is. */
  readonly hubKubeconfig: Kubeconfig
  readonly members: readonly Member[]
  /** Kills the hub's API server and controllers, without warning. */
  killHub(): Promise<void>
  /** Starts them again on the same state and address. */
  startHub(): Promise<void>
  dispose(): Promise<void>
}

export type Member = {
  readonly name: string
  /** The member's own API, as administrator. */
  readonly client: KubeClient
}

export type StartFleet = (options: { readonly members: number }) => Promise<FleetHarness>
