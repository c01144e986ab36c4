// How simulated agents reach their hub: as over TLS, without the encryption.
import type { AgentOptions } from "#agent/start.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import type { HubAddress } from "#agent/registration/credentials.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { newKubeClient } from "#kube/rest.ts"
import { ConnectionError, type Transport } from "#lib/http.ts"
import { certificatePublicKey, parseCertificate } from "#lib/x509/certificate.ts"
import { isSameKey, parsePrivateKey } from "#lib/x509/keys.ts"
import type { Peer } from "#apiserver/request.ts"
import type { Runtime } from "#runtime/controller.ts"

const USER_AGENT = "hawser-agent"

/**
 * Bootstrap by token, then the certificate that the hub issued. As in a handshake, whoever shows a certificate must
 * hold its key; whether the certificate counts is for the server to say.
 */
export function simulatedConnections(
  { clock, random, log }: Runtime,
  hub: HubAddress,
  token: string,
  transportAs: (peer: () => Omit<Peer, "address">) => Transport,
): Required<Pick<AgentOptions, "bootstrap" | "connect">> {
  return {
    bootstrap: {
      hub,
      connect: () => {
        const { transport, close } = closable(transportAs(() => ({})))
        const headers = { authorization: `Bearer ${token}` }
        return kubernetesEntrance({
          client: newKubeClient({ transport, headers, userAgent: USER_AGENT, clock }),
          close,
        })
      },
    },
    connect: (credentials) => {
      const certificate = parseCertificate(credentials.certificate)
      if (!isSameKey(certificatePublicKey(certificate), parsePrivateKey(credentials.key))) {
        throw new ConnectionError("Cannot connect: the key does not belong to the certificate")
      }
      const { transport, close } = closable(transportAs(() => ({ certificate: certificate.der })))
      const client = newKubeClient({ transport, userAgent: USER_AGENT, clock })
      const informers = newInformerFactory({ client, clock, random, log })
      return kubernetesHub({ client, informers, close }, credentials.clusterName)
    },
  }
}

/** Once closed it sends nothing more. What is under way ends by its own signal. */
function closable(transport: Transport): { readonly transport: Transport; readonly close: () => void } {
  let closed = false
  return {
    transport: (request) =>
      closed ? Promise.reject(new ConnectionError("Cannot send: the connection is closed")) : transport(request),
    close: () => void (closed = true),
  }
}
