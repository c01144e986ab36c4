// Source: k8s.io/kubernetes plugin/pkg/admission/runtimeclass.
import type { Pod, ResourceList } from "#api/kubernetes/core.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { KubeObject } from "#apimachinery/meta.ts"

type Toleration = NonNullable<Pod["spec"]["tolerations"]>[number]

export type RuntimeClass = KubeObject & {
  overhead?: { podFixed?: ResourceList }
  scheduling?: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] }
}

type RuntimeSpec = Pod["spec"] & { runtimeClassName?: string; overhead?: ResourceList }

export const runtimeClassNameOf = ({ spec }: Pod): string => (spec as RuntimeSpec).runtimeClassName ?? ""

/** Gives the pod what its class adds: overhead, where it may run. Changes `pod`. @returns why it is refused */
export function applyRuntimeClass(pod: Pod, runtime: RuntimeClass | undefined): string | undefined {
  const spec = pod.spec as RuntimeSpec
  const name = runtimeClassNameOf(pod)
  if (name !== "" && runtime === undefined) return `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`
  const overhead = runtime?.overhead?.podFixed
  if (overhead === undefined) {
    if (spec.overhead === undefined) return schedule(spec, runtime)
    return "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
  }
  if (spec.overhead !== undefined && !deepEqual(spec.overhead, overhead))
    return "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
  spec.overhead = { ...overhead }
  return schedule(spec, runtime)
}

function schedule(spec: RuntimeSpec, runtime: RuntimeClass | undefined): string | undefined {
  const { nodeSelector = {}, tolerations = [] } = runtime?.scheduling ?? {}
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key]
    if (own !== undefined && own !== value)
      return `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector }
  const own = spec.tolerations ?? []
  const more = tolerations.filter((toleration) => !own.some((known) => deepEqual(known, toleration)))
  if (more.length > 0) spec.tolerations = [...own, ...more]
  return undefined
}
