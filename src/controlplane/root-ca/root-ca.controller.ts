// Root CA: every namespace has a ConfigMap with the authority that the API server's certificate is checked with.
//
// Reads:    Namespace, ConfigMap.   Wakes on: both.
// Writes:   ConfigMap `kube-root-ca.crt` (create, data).
// Gives up when: the namespace is being deleted.
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { ignoringTerminating } from "#controlplane/service-accounts/service-account.controller.ts"

const NAME = "kube-root-ca.crt"
const DESCRIPTION = "kubernetes.io/description"
const TEXT =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."

export function startRootCa(runtime: Runtime, cluster: Cluster, caPem: string): void {
  const namespaces = cluster.informers.informer(NAMESPACES)
  const configs = cluster.informers.informer(CONFIG_MAPS, { fieldSelector: `metadata.name=${NAME}` })
  startController(runtime, {
    name: "root-ca",
    sources: [
      { informer: namespaces, keysOf: ({ object, kind }) => (kind === "deleted" ? [] : [object.metadata.name ?? ""]) },
      { informer: configs, keysOf: ({ object }) => [object.metadata.namespace ?? ""] },
    ],
    reconcile: async (namespace, signal) => {
      const found = namespaces.get(namespace)
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) return
      const config = configs.get(`${namespace}/${NAME}`)
      const data = { "ca.crt": caPem }
      if (config === undefined) {
        const metadata = { name: NAME, namespace, annotations: { [DESCRIPTION]: TEXT } }
        await ignoringTerminating(
          cluster.client.create(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata, data }, { signal }),
        )
      } else if (config.data?.["ca.crt"] !== caPem) {
        await ignoringTerminating(
          cluster.client.patch(CONFIG_MAPS, { namespace, name: NAME }, { merge: { data } }, { signal }),
        )
      }
    },
  })
}
