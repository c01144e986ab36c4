// Service accounts: every namespace has one called `default`.
//
// Reads:    Namespace, ServiceAccount.   Wakes on: both.
// Writes:   ServiceAccount `default` (create).
// Gives up when: the namespace is being deleted.
import { NAMESPACES, SERVICE_ACCOUNTS } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"

const NAME = "default"

export function startServiceAccounts(runtime: Runtime, cluster: Cluster): void {
  const namespaces = cluster.informers.informer(NAMESPACES)
  const accounts = cluster.informers.informer(SERVICE_ACCOUNTS)
  startController(runtime, {
    name: "service-account",
    sources: [
      { informer: namespaces, keysOf: ({ object, kind }) => (kind === "deleted" ? [] : [object.metadata.name ?? ""]) },
      {
        informer: accounts,
        keysOf: ({ object, kind }) =>
          kind === "deleted" && object.metadata.name === NAME ? [object.metadata.namespace ?? ""] : [],
      },
    ],
    reconcile: async (namespace, signal) => {
      const found = namespaces.get(namespace)
      if (
        found === undefined ||
        found.metadata.deletionTimestamp !== undefined ||
        accounts.get(`${namespace}/${NAME}`) !== undefined
      )
        return
      await ignoringTerminating(
        cluster.client.create(
          SERVICE_ACCOUNTS,
          { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace } },
          { signal },
        ),
      )
    },
  })
}

/** A namespace that began to end meanwhile takes no new objects: nothing is left to do there. */
export async function ignoringTerminating(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    const ends =
      hasReason(error, "Forbidden") && error.status.details?.causes?.some((c) => c.reason === "NamespaceTerminating")
    if (!ends && !hasReason(error, "NotFound", "AlreadyExists")) throw error
  }
}
