// The built-in kinds of admissionregistration.k8s.io that controllers here look at.
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"

export type ValidatingAdmissionPolicy = KubeObject & {
  status?: {
    observedGeneration?: number
    typeChecking?: { expressionWarnings?: readonly { readonly fieldRef: string; readonly warning: string }[] }
  }
}

export const VALIDATING_ADMISSION_POLICIES: ResourceType<ValidatingAdmissionPolicy> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  resource: "validatingadmissionpolicies",
  kind: "ValidatingAdmissionPolicy",
  namespaced: false,
}

export const VALIDATING_ADMISSION_POLICY_BINDINGS: ResourceType<KubeObject> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  resource: "validatingadmissionpolicybindings",
  kind: "ValidatingAdmissionPolicyBinding",
  namespaced: false,
}
