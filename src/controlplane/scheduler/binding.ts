import { PODS, type Pod } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { conflict, newStatusError } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"

const SUCCESS = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  code: 201,
} as unknown as UnknownObject

/** POST pods/NAME/binding: how a scheduler says on which node a pod is to run. */
export function podBinding(reader: ObjectReader, client: () => KubeClient): VirtualResource {
  return {
    group: "",
    resource: "pods",
    subresource: "binding",
    create: async ({ object, namespace, name, dryRun }) => {
      const node = (object["target"] as { name?: string } | undefined)?.name ?? ""
      if (node === "") throw newStatusError("Invalid", `Binding "${name}" is invalid: target.name: Required value`)
      const pod = reader.get(PODS, namespace, name) as Pod | undefined
      if (pod?.spec.nodeName)
        throw conflict(PODS, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
      if (!dryRun) await client().patch(PODS, { namespace, name }, { merge: { spec: { nodeName: node } } })
      return SUCCESS
    },
  }
}
