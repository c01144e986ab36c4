import type { ManifestWork } from "#api/work/v1.ts"
import type { KubeClient } from "#kube/client.ts"

/** The hub as the work agent sees it, while it is connected. */
export interface HubLink {
  readonly client: KubeClient
  /** @returns the work as the hub lists it, null when it lists all works and this is not one, undefined before that */
  find(name: string): ManifestWork | null | undefined
  /** The uid of this cluster's ManagedCluster; undefined when it is not known. */
  identity(): string | undefined
}
