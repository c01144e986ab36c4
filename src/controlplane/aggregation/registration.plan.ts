// The APIServices of this server's own group versions. Source: k8s.io/kube-aggregator pkg/controllers/autoregister,
// k8s.io/kubernetes pkg/controlplane/controller/crdregistration.
import { API_SERVICES, type ApiService } from "#api/kubernetes/apiregistration.ts"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { Action, Plan } from "#runtime/plan.ts"

const MANAGED = "kube-aggregator.kubernetes.io/automanaged"
const API_VERSION = apiVersionOf(API_SERVICES)

/** A group version that this server answers, and its place among others. */
export type OwnVersion = {
  readonly group: string
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
  /** It comes and goes with a definition. */
  readonly isCustom: boolean
}

/**
 * Makes those that are missing, and takes away those of definitions that are gone. What somebody else has put in the place
 * of one, to have another server answer it, stays.
 */
export function planRegistration(own: readonly OwnVersion[], present: readonly ApiService[]): Plan {
  const byName = new Map(present.map((service) => [service.metadata.name ?? "", service]))
  const wanted = new Map(own.map((version) => [`${version.version}.${version.group}`, wantedService(version)]))
  const missing = [...wanted].flatMap(([name, service]): Action[] => {
    const found = byName.get(name)
    if (found === undefined) return [{ do: "create", type: API_SERVICES, object: service }]
    const isOurs = found.metadata.labels?.[MANAGED] === service.metadata.labels?.[MANAGED]
    if (!isOurs || deepEqual(found.spec, service.spec)) return []
    return [{ do: "update", type: API_SERVICES, object: { ...found, spec: service.spec } as ApiService }]
  })
  const gone = present.flatMap(({ metadata }): Action[] => {
    const { name = "", labels, uid } = metadata
    if (labels?.[MANAGED] !== "true" || wanted.has(name)) return []
    return [{ do: "delete", type: API_SERVICES, key: { name }, ...(uid === undefined ? {} : { uid }) }]
  })
  const actions = [...missing, ...gone]
  return { actions: actions.length === 0 ? [] : [{ do: "together", actions }] }
}

function wantedService({ group, version, groupPriority, versionPriority, isCustom }: OwnVersion): ApiService {
  return {
    apiVersion: API_VERSION,
    kind: "APIService",
    metadata: { name: `${version}.${group}`, labels: { [MANAGED]: isCustom ? "true" : "onstart" } },
    spec: { ...(group === "" ? {} : { group }), version, groupPriorityMinimum: groupPriority, versionPriority },
  }
}
