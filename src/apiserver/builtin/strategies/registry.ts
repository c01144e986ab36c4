import { API_SERVICES } from "./api-services.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "./certificates.ts"
import { NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "./core.ts"
import type { KindStrategy } from "./kinds.ts"
import { DAEMON_SETS, DEPLOYMENTS, JOBS } from "./workloads.ts"

const NOTHING_SPECIAL: KindStrategy = {}

const STRATEGIES: { readonly [groupResource: string]: KindStrategy } = {
  "/namespaces": NAMESPACES,
  "/nodes": NODES,
  "/persistentvolumes": PERSISTENT_VOLUMES,
  "/persistentvolumeclaims": PERSISTENT_VOLUME_CLAIMS,
  "apiregistration.k8s.io/apiservices": API_SERVICES,
  "apps/daemonsets": DAEMON_SETS,
  "apps/deployments": DEPLOYMENTS,
  "batch/jobs": JOBS,
  "certificates.k8s.io/certificatesigningrequests": CERTIFICATE_SIGNING_REQUESTS,
}

/** What is special about a kind, apart from those that choose something by chance (services.ts, pods.ts). */
export function kindStrategyOf(group: string, resource: string): KindStrategy {
  return STRATEGIES[`${group}/${resource}`] ?? NOTHING_SPECIAL
}
