// How agents reach a hub over the network.
import type { AgentOptions } from "#agent/start.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import type { HubAddress } from "#agent/registration/credentials.ts"
import { newHttp2Transport } from "#kube/http2-transport.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { proxyFromEnvironment, type Environment } from "#kube/proxy.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"

const USER_AGENT = "hawser-agent"

/**
 * Bootstrap by token, then mTLS with the certificate that the hub issued; at the address that the agent names: the hub
 * may have moved.
 *
 * @param hub  where the token is good; its proxy leads to wherever the hub is
 * @param env  where a proxy may be named, if the hub's address names none
 */
export function connectionsTo(
  runtime: Runtime,
  hub: HubAddress,
  token: string | undefined,
  env: Environment = {},
): Pick<AgentOptions, "bootstrap" | "connect"> {
  const { clock, random, log } = runtime
  const at = ({ server, ca }: HubAddress) => {
    const proxy = hub.proxyUrl ?? proxyFromEnvironment(server, env)
    return { server, clock, ...(ca === undefined ? {} : { ca }), ...(proxy === undefined ? {} : { proxy }) }
  }
  return {
    ...(token === undefined
      ? {}
      : {
          bootstrap: {
            hub,
            connect: (address = hub) => {
              const transport = newHttp2Transport({ ...at(address), token })
              return kubernetesEntrance({
                client: newKubeClient({ transport, userAgent: USER_AGENT, clock }),
                close: () => transport.close(),
              })
            },
          },
        }),
    connect: ({ hub: address, certificate, key, clusterName }) => {
      const transport = newHttp2Transport({ ...at(address), cert: certificate, key })
      const client = newKubeClient({ transport, userAgent: USER_AGENT, clock })
      const informers = newInformerFactory({ client, clock, random, log })
      return kubernetesHub({ client, informers, close: () => transport.close() }, clusterName)
    },
  }
}
