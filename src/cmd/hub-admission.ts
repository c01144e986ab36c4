// OCM's admission rules, which a hub on the embedded server enforces by itself.
import type { AdmissionPlugin, AdmissionRequest } from "#apiserver/admission/admission.ts"
import type { RbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import {
  checkManagedCluster,
  checkManagedClusterSetBinding,
  defaultManagedCluster,
} from "#hub/registration/admission.plan.ts"
import { checkManifestWork } from "#hub/work/admission.plan.ts"
import type { AdmissionQuestion } from "#runtime/admission.ts"

const NAMESPACES = { group: "", resource: "namespaces" }

export function hubAdmission(
  authorizer: RbacAuthorizer,
  reader: ObjectReader,
  options: { readonly defaultSet: boolean } = { defaultSet: true },
): readonly AdmissionPlugin[] {
  const isTerminating = (namespace: string) => {
    const found = reader.get(NAMESPACES, "", namespace)
    return found?.metadata.deletionTimestamp !== undefined
  }
  return [
    {
      name: "ManagedClusterDefaults",
      mutate(request) {
        const question = questionOf<ManagedCluster>(request, authorizer, "managedclusters")
        if (question === undefined) return
        const made = refused(defaultManagedCluster(question, options))
        if (made !== question.object) Object.assign(request.object!, made)
      },
    },
    check<ManagedCluster>("managedclusters", (question) => checkManagedCluster(question, isTerminating)),
    check<ManagedClusterSetBinding>("managedclustersetbindings", checkManagedClusterSetBinding),
    check<ManifestWork>("manifestworks", checkManifestWork),
  ]

  function check<T extends KubeObject>(
    resource: string,
    rule: (question: AdmissionQuestion<T>) => StatusError | undefined,
  ): AdmissionPlugin {
    return {
      name: resource,
      validate(request) {
        const question = questionOf<T>(request, authorizer, resource)
        if (question !== undefined) refused(rule(question))
      },
    }
  }
}

/** Names of ours are unique among our groups, and nobody else's of the same name are asked about. */
const GROUPS = new Set(["cluster.open-cluster-management.io", "work.open-cluster-management.io"])

/** @returns undefined for what the rules are not about: other resources, subresources, deletions */
function questionOf<T extends KubeObject>(
  { resource, subresource, object, before, user, nowMs }: AdmissionRequest,
  authorizer: RbacAuthorizer,
  about: string,
): AdmissionQuestion<T> | undefined {
  if (resource.resource !== about || !GROUPS.has(resource.group) || subresource !== "" || object === undefined) return
  return {
    // The schema of the resource has been checked, or will be before anything is stored.
    object: object as KubeObject as T,
    before: before as KubeObject as T | undefined,
    user,
    nowMs,
    mayUser: ({
      group = "",
      version = "",
      resource: asked = "",
      subresource: sub = "",
      verb = "",
      namespace = "",
      name = "",
    }) =>
      authorizer.authorize(user, {
        resourceRequest: true,
        group,
        version,
        resource: asked,
        subresource: sub,
        verb,
        namespace,
        name,
      }).allowed,
  }
}

/** @throws the refusal */
function refused<T>(answer: T | StatusError): T {
  if (answer instanceof StatusError) throw answer
  return answer
}
