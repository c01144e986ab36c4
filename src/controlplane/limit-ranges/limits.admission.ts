import { LIMIT_RANGES, type LimitRange, type Pod, type ResourceList } from "#api/kubernetes/core.ts"
import { forbidden } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin, AdmissionRequest } from "#apiserver/admission/admission.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { claimLimitProblem, podLimitProblem, setLimitDefaults } from "./limits.plan.ts"

/** Fills in requests and limits that a LimitRange of the namespace has defaults for, and refuses what is out of range. */
export function limitRangeAdmission(reader: ObjectReader): AdmissionPlugin {
  const ranges = (namespace: string) => reader.list(LIMIT_RANGES, namespace) as readonly LimitRange[]
  return {
    name: "LimitRanger",
    mutate(request) {
      if (kindOf(request) !== "pod" || request.object === undefined) return
      for (const range of ranges(request.namespace)) setLimitDefaults(range, request.object as unknown as Pod)
    },
    validate(request) {
      const kind = kindOf(request)
      if (kind === undefined || request.object === undefined) return
      const { object, resource, namespace, name } = request
      for (const range of ranges(namespace)) {
        const problem =
          kind === "pod"
            ? podLimitProblem(range, object as unknown as Pod)
            : claimLimitProblem(range, (object["spec"] as Claim | undefined)?.resources?.requests)
        if (problem !== undefined) throw forbidden(resource, name, problem)
      }
    },
  }
}

type Claim = { resources?: { requests?: ResourceList } }

/** Containers of a pod never change what they ask for, but a claim may grow. */
function kindOf({ operation, resource, subresource }: AdmissionRequest): "pod" | "claim" | undefined {
  if (resource.group !== "" || subresource !== "" || operation === "DELETE") return undefined
  if (resource.resource === "pods" && operation === "CREATE") return "pod"
  return resource.resource === "persistentvolumeclaims" ? "claim" : undefined
}
