// The ConfigMap by which other API servers know who may say whom a request is for. Source: k8s.io/kubernetes
// pkg/controlplane/controller/clusterauthenticationtrust.
//
// Reads:    ConfigMap kube-system/extension-apiserver-authentication.   Wakes on: it.
// Writes:   its data, of which keys of others stay.
// Gives up when: never.
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"

const NAMESPACE = "kube-system"
const NAME = "extension-apiserver-authentication"

/** @param proxy.authority  PEM of who signs the aggregator's certificates; `proxy.name` is their common name */
export function startAuthenticationConfig(
  runtime: Runtime,
  cluster: Cluster,
  clientCa: string,
  proxy: { readonly authority: string; readonly name: string } | undefined,
): void {
  const wanted: Readonly<Record<string, string>> = { "client-ca-file": clientCa, ...(proxy && proxyData(proxy)) }
  const configs = cluster.informers.informer(CONFIG_MAPS, { fieldSelector: `metadata.name=${NAME}` })
  const key = `${NAMESPACE}/${NAME}`
  const controller = startController(runtime, {
    name: "authentication-config",
    workers: 1,
    sources: [{ informer: configs, keysOf: ({ object }) => (object.metadata.namespace === NAMESPACE ? [key] : []) }],
    reconcile: async (_, signal) => {
      const found = configs.get(key)
      if (found === undefined) {
        const metadata = { name: NAME, namespace: NAMESPACE }
        await cluster.client
          .create(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { ...wanted } }, { signal })
          .catch((error: unknown) => {
            if (!hasReason(error, "AlreadyExists")) throw error
          })
      } else if (Object.entries(wanted).some(([name, value]) => found.data?.[name] !== value)) {
        await cluster.client.patch(
          CONFIG_MAPS,
          { namespace: NAMESPACE, name: NAME },
          { merge: { data: wanted } },
          { signal },
        )
      }
    },
  })
  controller.enqueue(key)
}

const proxyData = ({ authority, name }: { readonly authority: string; readonly name: string }) => ({
  "requestheader-allowed-names": JSON.stringify([name]),
  "requestheader-client-ca-file": authority,
  "requestheader-extra-headers-prefix": JSON.stringify(["X-Remote-Extra-"]),
  "requestheader-group-headers": JSON.stringify(["X-Remote-Group"]),
  "requestheader-uid-headers": JSON.stringify(["X-Remote-Uid"]),
  "requestheader-username-headers": JSON.stringify(["X-Remote-User"]),
})
