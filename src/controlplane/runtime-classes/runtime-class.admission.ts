import type { Pod } from "#api/kubernetes/core.ts"
import { forbidden } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { applyRuntimeClass, runtimeClassNameOf, type RuntimeClass } from "./runtime-class.plan.ts"

const RUNTIME_CLASSES = { group: "node.k8s.io", resource: "runtimeclasses" }

/** Gives new pods what their RuntimeClass adds, and refuses those whose class is not there. */
export function runtimeClassAdmission(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "RuntimeClass",
    mutate({ operation, resource, subresource, name, object }) {
      const isPod = resource.group === "" && resource.resource === "pods" && subresource === ""
      if (!isPod || operation !== "CREATE" || object === undefined) return
      const pod = object as unknown as Pod
      const wanted = runtimeClassNameOf(pod)
      const found = wanted === "" ? undefined : reader.get(RUNTIME_CLASSES, "", wanted)
      const refused = applyRuntimeClass(pod, found as RuntimeClass | undefined)
      if (refused !== undefined) throw forbidden(resource, name, refused)
    },
  }
}
