import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"

/** The hub as its controllers see it. */
export type Hub = { readonly client: KubeClient; readonly informers: InformerFactory }
