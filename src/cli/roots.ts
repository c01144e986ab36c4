import type { Terminal } from "./terminal.ts"

/** Where a server listens and what its certificate is good for. */
export type ServingOptions = {
  /** Default 127.0.0.1: nobody else can reach it. */
  readonly bindAddress: string
  /** The host that kubeconfigs and join lines name; the bind address when absent. */
  readonly advertiseAddress?: string
  /** A free one when absent; the same again after a restart. */
  readonly port?: number
  /** Further names and addresses in the serving certificate. */
  readonly tlsSan: readonly string[]
}

export type UpOptions = ServingOptions & {
  /** Absent: as many as there were, or 3. */
  readonly clusters?: number
  readonly dir: string
  readonly sample: boolean
  readonly detach: boolean
  /** Fake nodes in every member. */
  readonly nodes: number
  /** How long --detach and the start wait for all members to join. */
  readonly timeoutSeconds: number
  readonly quiet: boolean
}

export type ApiserverOptions = ServingOptions & { readonly dir: string; readonly quiet: boolean }

export type HubOptions = {
  readonly kubeconfig: string
  readonly featureGates: Readonly<Record<string, boolean>>
  /** Users whose first CSR is approved by itself. */
  readonly autoApproveUsers: readonly string[]
  readonly leaderElect: boolean
}

export type AgentOptions = {
  readonly clusterName: string
  readonly bootstrapKubeconfig: string
  readonly spokeKubeconfig: string
  readonly dir: string
  readonly featureGates: Readonly<Record<string, boolean>>
}

/**
 * What commands start that needs more than planners: put in by src/cmd, the only layer that knows all the others. Each
 * runs until it is done or the terminal is interrupted.
 */
export type Roots = {
  readonly up: (terminal: Terminal, options: UpOptions) => Promise<void>
  readonly down: (terminal: Terminal, options: { readonly dir: string }) => Promise<void>
  readonly apiserver: (terminal: Terminal, options: ApiserverOptions) => Promise<void>
  readonly hub: (terminal: Terminal, options: HubOptions) => Promise<void>
  readonly agent: (terminal: Terminal, options: AgentOptions) => Promise<void>
}
