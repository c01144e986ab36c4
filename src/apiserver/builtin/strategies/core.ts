// Source: k8s.io/kubernetes pkg/registry/core/{namespace,pod,secret,node,persistentvolume*}/strategy.go.
import { clone } from "#apimachinery/json.ts"
import { listIn, makeObject, objectIn } from "#apiserver/builtin/fields.ts"
import { formatTime } from "#lib/clock.ts"
import type { KindStrategy } from "./kinds.ts"
import { restoreExcept } from "./strategy.ts"

const NAMESPACE_FINALIZER = "kubernetes"

export const NAMESPACES: KindStrategy = {
  prepareForCreate(namespace) {
    namespace["status"] = { phase: "Active" }
    const spec = makeObject(namespace, "spec")
    const finalizers = listIn(spec, "finalizers")
    if (!finalizers.includes(NAMESPACE_FINALIZER)) spec["finalizers"] = [...finalizers, NAMESPACE_FINALIZER]
    // A generated name is known only now.
    const { name } = namespace.metadata
    if (name === undefined) return
    namespace.metadata.labels = { ...namespace.metadata.labels, "kubernetes.io/metadata.name": name }
  },
  prepareForUpdate(namespace, before, { subresource }) {
    if (subresource === "finalize") {
      const finalizers = listIn(namespace["spec"], "finalizers")
      restoreExcept(namespace, before, [])
      const spec = { ...objectIn(namespace, "spec") }
      if (finalizers.length > 0) spec["finalizers"] = [...finalizers]
      else delete spec["finalizers"]
      namespace["spec"] = spec
    } else if (subresource !== "status") {
      const finalizers = objectIn(before, "spec")["finalizers"]
      const spec = makeObject(namespace, "spec")
      if (finalizers === undefined) delete spec["finalizers"]
      else spec["finalizers"] = clone(finalizers)
    }
  },
  prepareForDelete(namespace) {
    namespace["status"] = { ...objectIn(namespace, "status"), phase: "Terminating" }
    // It goes when it is empty, not after some time.
    delete namespace.metadata.deletionGracePeriodSeconds
  },
  holdsDeletion: (namespace) => listIn(namespace["spec"], "finalizers").length > 0,
}

export const NODES: KindStrategy = { keepsStatusOnCreate: true }

export const PERSISTENT_VOLUMES: KindStrategy = {
  prepareForCreate(volume, { nowMs }) {
    volume["status"] = { phase: "Pending", lastPhaseTransitionTime: formatTime(nowMs) }
  },
}

export const PERSISTENT_VOLUME_CLAIMS: KindStrategy = {
  prepareForCreate(claim) {
    claim["status"] = { phase: "Pending" }
  },
}
