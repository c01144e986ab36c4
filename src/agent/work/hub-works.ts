import type { LinkedObjects } from "#agent/hub-link.ts"
import type { ManifestWork } from "#api/work/v1.ts"

/** The hub as the work agent sees it, while it is connected. */
export interface HubWorks {
  readonly works: LinkedObjects<ManifestWork>
  /** @returns the work as the hub lists it, null when it lists all works and this is not one, undefined before that */
  find(name: string): ManifestWork | null | undefined
  /** The uid of this cluster's ManagedCluster; undefined when it is not known. */
  identity(): string | undefined
  /** Whether the cluster is on its way out and what its works applied shall stay. */
  keepsObjects(): boolean
}

/** The hub has let this cluster go: its works are over, whether anybody saw them deleted or not. */
export type Departure = {
  /** The uid of the ManagedCluster that was detached. What another hub's works applied is not its business. */
  readonly identity: string
  /** What was applied stays, without our reference. */
  readonly keepsObjects: boolean
}
