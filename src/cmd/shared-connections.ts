// How many agents of one process reach a hub over few connections.
import type { AgentOptions } from "#agent/start.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import type { HubAddress } from "#agent/registration/credentials.ts"
import { newHttp2Transport, withHeaders, type ClosableTransport } from "#kube/http2-transport.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { newKubeClient } from "#kube/rest.ts"
import { ConnectionError, type Transport } from "#lib/http.ts"
import { parseCertificate } from "#lib/x509/certificate.ts"
import type { Runtime } from "#runtime/controller.ts"

const USER_AGENT = "hawser-agent"

/**
 * Agents join like any other, each with a key, a request and a certificate of its own. After that a TLS connection for
 * each would cost the hub more than the agents themselves, so they speak through the administrator's connections, each
 * impersonating the subject of its certificate: the hub judges and logs every request as that agent's.
 *
 * @param admin  may impersonate; closed by whoever made it
 */
export function sharedConnections(
  { clock, random, log }: Runtime,
  hub: HubAddress,
  options: { readonly admin: ClosableTransport; readonly token: string },
): { readonly connections: () => Required<Pick<AgentOptions, "bootstrap" | "connect">>; readonly close: () => void } {
  const { admin, token } = options
  const bootstrap = newHttp2Transport({
    server: hub.server,
    token,
    clock,
    ...(hub.ca === undefined ? {} : { ca: hub.ca }),
  })
  return {
    close: () => bootstrap.close(),
    connections: () => ({
      bootstrap: {
        hub,
        connect: () => {
          const { transport, close } = closable(bootstrap)
          return kubernetesEntrance({ client: newKubeClient({ transport, userAgent: USER_AGENT, clock }), close })
        },
      },
      connect: ({ certificate, clusterName }) => {
        const { commonName, organizations } = parseCertificate(certificate).subject
        const headers = { "impersonate-user": commonName, "impersonate-group": organizations }
        const { transport, close } = closable(withHeaders(admin, headers))
        const client = newKubeClient({ transport, userAgent: USER_AGENT, clock })
        return kubernetesHub(
          { client, informers: newInformerFactory({ client, clock, random, log }), close },
          clusterName,
        )
      },
    }),
  }
}

/** One agent's end of a shared connection: once closed it sends nothing more, and what is under way breaks off. */
function closable(shared: Transport): { readonly transport: Transport; readonly close: () => void } {
  const closing = new AbortController()
  return {
    transport: (request) => {
      if (closing.signal.aborted) throw new ConnectionError("Cannot send: the connection is closed")
      const signal = request.signal === undefined ? closing.signal : AbortSignal.any([request.signal, closing.signal])
      return shared({ ...request, signal })
    },
    close: () => closing.abort(new ConnectionError("The agent closed the connection")),
  }
}
