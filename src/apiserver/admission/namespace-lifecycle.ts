import type { UnknownObject } from "#apimachinery/meta.ts"
import { forbidden, notFound, type StatusError } from "#apimachinery/status-error.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { AdmissionPlugin } from "./admission.ts"

const NAMESPACES = { group: "", resource: "namespaces" }
const UNDELETABLE: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"])

/**
 * Refuses to create anything in a namespace that does not exist or is going away, and to delete the namespaces that a
 * cluster cannot do without.
 * Source: k8s.io/apiserver plugin/namespace/lifecycle.
 */
export function namespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    // Among the mutations because a missing namespace is told before an invalid object is.
    mutate({ operation, resource, subresource, namespace, name }) {
      if (isAccessReview(resource)) return
      if (operation !== "CREATE" || isNamespaces(resource) || namespace === "" || subresource !== "") return
      const found = reader.get(NAMESPACES, "", namespace)
      if (found === undefined) throw notFound(NAMESPACES, namespace)
      if (found.metadata.deletionTimestamp !== undefined || phaseOf(found) === "Terminating") {
        throw terminating(resource, namespace, name)
      }
    },
    validate({ operation, resource, name }) {
      if (operation === "DELETE" && isNamespaces(resource) && UNDELETABLE.has(name)) {
        throw forbidden(resource, name, "this namespace may not be deleted")
      }
    },
  }
}

/** Whether one may do something can be asked of any namespace. */
const isAccessReview = ({ group }: ResourceInfo) => group === "authorization.k8s.io"

const isNamespaces = ({ group, resource }: ResourceInfo) => group === "" && resource === "namespaces"

function terminating(resource: ResourceInfo, namespace: string, name: string): StatusError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const refused = forbidden(resource, name, why)
  refused.status.details!.causes = [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ]
  return refused
}

function phaseOf(namespace: UnknownObject): string | undefined {
  return (namespace["status"] as { phase?: string } | undefined)?.phase
}
