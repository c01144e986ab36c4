import { CERTIFICATE_SIGNING_REQUESTS } from "./certificates.ts"
import { NAMESPACES, NODES, PENDING_VOLUMES, PODS, SECRETS } from "./core.ts"
import type { KindStrategy } from "./kinds.ts"
import { DAEMON_SETS, JOBS } from "./workloads.ts"

const NOTHING_SPECIAL: KindStrategy = {}

const STRATEGIES: { readonly [groupResource: string]: KindStrategy } = {
  "/namespaces": NAMESPACES,
  "/pods": PODS,
  "/secrets": SECRETS,
  "/nodes": NODES,
  "/persistentvolumes": PENDING_VOLUMES,
  "/persistentvolumeclaims": PENDING_VOLUMES,
  "apps/daemonsets": DAEMON_SETS,
  "batch/jobs": JOBS,
  "certificates.k8s.io/certificatesigningrequests": CERTIFICATE_SIGNING_REQUESTS,
}

/** What is special about a kind, services apart: those need addresses (services.ts). */
export function kindStrategyOf(group: string, resource: string): KindStrategy {
  return STRATEGIES[`${group}/${resource}`] ?? NOTHING_SPECIAL
}
