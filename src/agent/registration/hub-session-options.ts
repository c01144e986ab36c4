// What a session with the hub is given, and how it ends.
import type { NewCondition } from "#apimachinery/conditions.ts"
import type { HubLink } from "#agent/hub-link.ts"
import type { EventRecorder } from "#kube/events.ts"
import type { CredentialStore } from "./credential-store.ts"
import type { Detached, HubCredentials } from "./credentials.ts"
import type { FollowOptions } from "./hub-move.ts"
import type { ManagedNamespacesOptions } from "./managed-namespaces.ts"
import type { MemberFacts } from "./member-facts.ts"
import type { RegistrationMetrics } from "./registration-metrics.ts"

/** A session that the hub has let in. */
export type EnteredSession = {
  /** The uid of this cluster's ManagedCluster, once known. */
  readonly identity: () => string | undefined
  /** Whether the cluster is on its way out and what its works applied shall stay. */
  readonly keepsObjects: () => boolean
}

export type HubSessionOptions = {
  readonly credentials: HubCredentials
  readonly hub: HubLink
  readonly facts: MemberFacts
  readonly store: CredentialStore
  readonly certificateSeconds?: number
  /** Resolves when the hub accepted the cluster, if somebody else can tell: the agent's own tries may be seconds apart. */
  readonly accepted?: Promise<void>
  /** Called once the hub lets the agent in: what needs the hub may begin. */
  readonly onEntered: (session: EnteredSession) => void
  /** Called whenever the hub lets the agent do what a registered one may. */
  readonly onHeard?: () => void
  /** Called when the hub, having accepted the cluster, says that it does not, and when it does again. */
  readonly onDenied?: (isDenied: boolean) => void
  /** To tell of a rotation before this session. */
  readonly rotation?: NewCondition
  readonly metrics?: RegistrationMetrics | undefined
  /** How to reach the hub elsewhere, if the agent goes along when it moves. */
  readonly connectTo?: FollowOptions["connectTo"]
  /** Where the namespaces that the hub wants are made, and what marks them as this hub's. */
  readonly namespaces?: Pick<ManagedNamespacesOptions, "member" | "hubHash">
  /** In the cluster's namespace on the hub. Default: none are recorded. */
  readonly events?: EventRecorder
}

/** Why a session ended: `refused` and `expired` lead to a new join, `rotated` and `moved` to a session with new credentials. */
export type SessionEnd =
  | { readonly why: "refused" | "expired" | "stopped" }
  | { readonly why: "moved"; readonly credentials: HubCredentials }
  | { readonly why: "detached"; readonly credentials: HubCredentials; readonly detached: Detached }
  | { readonly why: "rotated"; readonly credentials: HubCredentials; readonly rotation: NewCondition }
