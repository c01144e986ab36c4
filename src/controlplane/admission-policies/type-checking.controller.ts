// Admission policies: tells in a policy's status what its expressions would stumble over. Source:
// k8s.io/kubernetes pkg/controller/validatingadmissionpolicystatus.
//
// Reads:    ValidatingAdmissionPolicy.   Wakes on: every change of one.
// Writes:   ValidatingAdmissionPolicy.status: observedGeneration, typeChecking.
// Gives up when: never; a deleted policy ends the loop.
import { VALIDATING_ADMISSION_POLICIES, type ValidatingAdmissionPolicy } from "#api/kubernetes/admissionregistration.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { checkTypes } from "#apiserver/admission/policies/type-checking.ts"
import type { ResourceTable } from "#apiserver/resource.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"

const MANAGER = "validatingadmissionpolicy-status"

export function startTypeChecking(runtime: Runtime, cluster: Cluster, server: { resources: ResourceTable }): void {
  const policies = cluster.informers.informer(VALIDATING_ADMISSION_POLICIES)
  startController(runtime, {
    name: MANAGER,
    workers: 1,
    sources: [{ informer: policies, keysOf: ({ object }) => [object.metadata.name ?? ""] }],
    reconcile: async (name, signal) => {
      const policy = policies.get(name)
      if (policy === undefined || isChecked(policy)) return
      const warnings = checkTypes(policy as UnknownObject, server.resources)
      const status = {
        observedGeneration: policy.metadata.generation ?? 0,
        typeChecking: warnings.length === 0 ? {} : { expressionWarnings: warnings },
      }
      const { apiVersion, kind } = policy
      const applied = { apiVersion, kind, metadata: { name }, status }
      const options = { subresource: "status", fieldManager: MANAGER, force: true, signal }
      await cluster.client.apply(VALIDATING_ADMISSION_POLICIES, applied, options)
    },
  })
}

const isChecked = ({ metadata, status }: ValidatingAdmissionPolicy) =>
  (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)
