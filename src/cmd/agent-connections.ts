// How agents reach a hub over the network.
import type { AgentOptions } from "#agent/start.ts"
import type { HubAddress } from "#agent/registration/credentials.ts"
import { newHttp2Transport } from "#kube/http2-transport.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"

const USER_AGENT = "hawser-agent"

/** Bootstrap by token, then mTLS with the certificate that the hub issued. */
export function connectionsTo(
  runtime: Runtime,
  hub: HubAddress,
  token: string | undefined,
): Pick<AgentOptions, "bootstrap" | "connect"> {
  const { clock, random, log } = runtime
  const address = { server: hub.server, clock, ...(hub.ca === undefined ? {} : { ca: hub.ca }) }
  return {
    ...(token === undefined
      ? {}
      : {
          bootstrap: {
            hub,
            connect: () => {
              const transport = newHttp2Transport({ ...address, token })
              return {
                client: newKubeClient({ transport, userAgent: USER_AGENT, clock }),
                close: () => transport.close(),
              }
            },
          },
        }),
    connect: ({ certificate, key }) => {
      const transport = newHttp2Transport({ ...address, cert: certificate, key })
      const client = newKubeClient({ transport, userAgent: USER_AGENT, clock })
      return { client, informers: newInformerFactory({ client, clock, random, log }), close: () => transport.close() }
    },
  }
}
