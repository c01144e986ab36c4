// The order of this server's own groups among those of others. Source: k8s.io/kubernetes pkg/controlplane/apiserver/aggregator.go,
// pkg/controlplane/instance.go.

const GROUPS: Readonly<Record<string, number>> = {
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "apiextensions.k8s.io": 16_700,
  "admissionregistration.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "resource.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
}
const VERSIONS: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "resource.k8s.io/v1": 21,
}
const VERSION = 15
/** Of definitions: low, so that others can come before them. */
export const CUSTOM_PRIORITY = { group: 1_000, version: 100 }

export type Priority = { readonly group: number; readonly version: number }

/** @returns undefined for groups that are no built-in ones, and for the aggregator's own, which stands before all others */
export function builtinPriority(group: string, version: string): Priority | undefined {
  const priority = GROUPS[group]
  return priority === undefined ? undefined : { group: priority, version: VERSIONS[`${group}/${version}`] ?? VERSION }
}
