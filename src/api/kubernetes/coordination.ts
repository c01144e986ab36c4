// The built-in kind of coordination.k8s.io.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"

export type Lease = KubeObject & {
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number
    /** RFC 3339 with microseconds. */
    acquireTime?: string | null
    renewTime?: string | null
    leaseTransitions?: number
  }
}

export const LEASES: ResourceType<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  kind: "Lease",
  namespaced: true,
}
