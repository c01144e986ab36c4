import { sleep, type Clock } from "#lib/clock.ts"
import type { Log } from "#lib/log.ts"
import type { Kubeconfig, ReadFile } from "./kubeconfig.ts"
import type { Credentials } from "./tls-connection.ts"

/** Where kubelets put what a pod speaks to its API server with. Source: client-go rest.InClusterConfig. */
const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
/** Kubelets renew a token when a fifth of its life is left, which is minutes. Source: client-go cachingTokenSource. */
const READ_AGAIN_MS = 60_000

export type InCluster = {
  readonly kubeconfig: Kubeconfig
  /** For the transport: the token as the kubelet has written it last. */
  readonly credentials: () => Credentials
}

/**
 * The API server of the cluster that this process is a pod of, as its service account.
 *
 * @param options.signal  ends the reading of renewed tokens
 * @throws Error when this is no pod, or its service account's token is not mounted
 */
export async function inCluster(options: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: ReadFile
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}): Promise<InCluster> {
  const { env, readFile, clock, log, signal } = options
  const host = env["KUBERNETES_SERVICE_HOST"]
  const port = env["KUBERNETES_SERVICE_PORT"]
  if (!host || !port) throw new Error("This is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
  const read = (name: string) =>
    readFile(`${FOLDER}/${name}`).catch((cause: unknown) => {
      throw new Error(`Cannot read ${FOLDER}/${name}: is the service account's token mounted?`, { cause })
    })
  let token = (await read("token")).trim()
  const follow = async () => {
    for (;;) {
      await sleep(clock, READ_AGAIN_MS, signal)
      await read("token").then(
        (text) => (token = text.trim() || token),
        (error: unknown) => log.warn("Cannot read the service account's token, going on with the last", { error }),
      )
    }
  }
  follow().catch(() => undefined)
  return {
    kubeconfig: {
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      ca: await read("ca.crt"),
      token,
      contextName: "in-cluster",
      clusterName: "in-cluster",
      userName: "service account",
    },
    credentials: () => ({ token }),
  }
}
