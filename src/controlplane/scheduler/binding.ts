import { PODS, type Pod } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { conflict, newStatusError, notFound } from "#apimachinery/status-error.ts"
import { decodeFresh, encodeStored, storageKey } from "#apiserver/registry/codec.ts"
import type { Storage } from "#apiserver/storage/storage.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { formatTime } from "#lib/clock.ts"

const SUCCESS = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  code: 201,
} as unknown as UnknownObject
const STORED = { storage: { group: "", resource: "pods", version: "v1" } }

/**
 * POST pods/NAME/binding: how a scheduler says on which node a pod is to run. No other write may say it, and nobody owns what
 * this one sets. Source: k8s.io/kubernetes pkg/registry/core/pod/storage.
 */
export function podBinding(storage: Storage): VirtualResource {
  return {
    group: "",
    resource: "pods",
    subresource: "binding",
    create: async ({ object, namespace, name, dryRun, nowMs }) => {
      const node = (object["target"] as { name?: string } | undefined)?.name ?? ""
      if (node === "") throw newStatusError("Invalid", `Binding "${name}" is invalid: target.name: Required value`)
      const key = storageKey(STORED, namespace, name)
      for (let done = false; !done;) {
        const stored = storage.get(key)
        if (stored === undefined) throw notFound(PODS, name)
        const pod = bound(decodeFresh(stored) as unknown as Pod, node, nowMs)
        done = dryRun || (await storage.put(key, encodeStored(pod as never), stored.revision)).ok
      }
      return SUCCESS
    },
  }
}

/** Changes `pod`. @throws StatusError Conflict for one that has a node */
function bound(pod: Pod, node: string, nowMs: number): Pod {
  const { name = "", deletionTimestamp } = pod.metadata
  const refuse = (why: string) => conflict({ group: "", resource: "pods/binding" }, name, why)
  if (deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
  const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== "PodScheduled")
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: formatTime(nowMs) }
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: node },
    status: { ...pod.status, conditions: [...others, scheduled as never] },
  }
}
