// Source: k8s.io/kubernetes pkg/apis/core/validation: ValidatePod, ValidatePodUpdate.
import { clone, deepEqual } from "#apimachinery/json.ts"
import { forbiddenField, invalidField } from "#apimachinery/field-errors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { itemsIn, objectIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { validatePodSpec } from "./pod-spec.ts"

export const validatePod = (pod: UnknownObject): FieldError[] => validatePodSpec(objectIn(pod, "spec"), "spec")

const CHANGEABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

/** Subresources (ephemeral containers, resize) change what this refuses; they are not checked here. */
export function validatePodUpdate(pod: UnknownObject, before: UnknownObject): FieldError[] {
  const errors = validatePod(pod)
  const [spec, old] = [objectIn(pod, "spec"), objectIn(before, "spec")]
  for (const field of ["containers", "initContainers"]) {
    if (itemsIn(spec, field).length !== itemsIn(old, field).length) {
      return [...errors, forbiddenField(`spec.${field}`, "pod updates may not add or remove containers")]
    }
  }
  const [deadline, oldDeadline] = [spec["activeDeadlineSeconds"], old["activeDeadlineSeconds"]]
  if (typeof deadline === "number" && typeof oldDeadline === "number" && deadline > oldDeadline) {
    return [
      ...errors,
      invalidField("spec.activeDeadlineSeconds", deadline, "must be less than or equal to previous value"),
    ]
  }
  if (!deepEqual(withoutChangeable(spec, old), withoutChangeable(old, old)))
    errors.push(forbiddenField("spec", CHANGEABLE))
  return errors
}

/** The spec with the fields that may change as they are in `old`. */
function withoutChangeable(spec: Json, old: Json): Json {
  const fixed = clone(spec)
  for (const field of ["containers", "initContainers"]) {
    for (const [i, container] of itemsIn(fixed, field).entries()) container["image"] = itemsIn(old, field)[i]?.["image"]
  }
  for (const field of ["activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers"])
    fixed[field] = old[field]
  return fixed
}
