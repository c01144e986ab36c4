import type { Log } from "#lib/log.ts"
import { realClock } from "#lib/clock.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { newApiServer } from "#apiserver/apiserver.ts"
import type { ApiServer } from "#apiserver/apiserver.ts"
import { newAuthenticator } from "#apiserver/authentication/authenticator.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { builtinResources } from "#apiserver/builtin/resources.ts"
import { newDiscoveryHandler } from "#apiserver/discovery/handler.ts"
import { newListener } from "#apiserver/listener/listener.ts"
import { newStoredReader } from "#apiserver/registry/stored-reader.ts"
import { newResourceTable } from "#apiserver/resource-table.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import type { KubeClient } from "#kube/client.ts"
import type { ClosableTransport } from "#kube/http2-transport.ts"
import { kubeconfigText, parseKubeconfig, transportOf } from "#kube/kubeconfig.ts"
import type { KubeconfigParts } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"

const ISSUER = "https://kubernetes.default.svc"

/** An API server in memory behind a real port, without controllers. */
export type ListeningServer = {
  readonly server: ApiServer
  readonly runtime: Runtime
  readonly kubeconfig: KubeconfigParts
  /** Over TLS, as the administrator or with other credentials. */
  connect(parts?: KubeconfigParts): Promise<{ client: KubeClient; transport: ClosableTransport }>
  close(): Promise<void>
}

export async function listeningServer(log: Log = silentLog): Promise<ListeningServer> {
  const abort = new AbortController()
  const runtime = { clock: realClock, random: realRandom, log, signal: abort.signal }
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
  const storage = memoryStorage()
  const resources = newResourceTable({ builtin: builtinResources({ random: realRandom }) })
  const reader = newStoredReader({ storage, resources })
  const server = newApiServer({
    ...runtime,
    storage,
    reader,
    resources,
    authenticator: newAuthenticator({
      reader,
      clock: realClock,
      clientCas: pki.caCertificate,
      serviceAccountIssuer: ISSUER,
      serviceAccountKeys: [pki.serviceAccountKey],
    }),
    // Who may do what is not what the client's tests are about; who is nobody may do nothing.
    authorizer: { authorize: ({ name }) => ({ allowed: name !== "system:anonymous", reason: "" }) },
    version: { gitVersion: "v1.35.4" },
    discovery: newDiscoveryHandler({ resources }),
  })
  await server.bootstrap([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } }])
  const prefix = "/clusters/test"
  const listener = await newListener({
    address: "127.0.0.1",
    port: 0,
    tls: { cert: pki.servingCertificate, key: pki.servingKey },
    route: (path) => (path.startsWith(`${prefix}/`) ? { handler: server.handler, prefix } : undefined),
    clock: realClock,
    log,
  })
  const kubeconfig = {
    server: `https://127.0.0.1:${listener.port}${prefix}`,
    ca: pki.caCertificate,
    cert: pki.adminCertificate,
    key: pki.adminKey,
  }
  const open: ClosableTransport[] = []
  return {
    server,
    runtime,
    kubeconfig,
    async connect(parts = kubeconfig) {
      const transport = transportOf(await parseKubeconfig(kubeconfigText(parts)), { clock: realClock })
      open.push(transport)
      return { client: newKubeClient({ transport, userAgent: "test", clock: realClock }), transport }
    },
    async close() {
      abort.abort()
      server.close()
      for (const transport of open) transport.close()
      await listener.close()
    },
  }
}
