import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"

/** The API server as the controllers beside it see it. */
export type Cluster = { readonly client: KubeClient; readonly informers: InformerFactory }
