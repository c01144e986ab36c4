// Joining: with bootstrap credentials to credentials of the agent's own.
//
// Reads:    ManagedCluster and CertificateSigningRequest of this cluster (hub, bootstrap identity).
// Wakes on: the answer to the request, and the hub's acceptance, by watch.
// Writes:   ManagedCluster (create, once), CertificateSigningRequest (create), the credential store.
// Gives up when: told to stop. A refusal is thrown, and the agent tries again later with a new key.
import type { Random } from "#lib/random.ts"
import { NAME_ALPHABET, randomText } from "#lib/random.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { AGENT_ANNOTATION_PREFIX, HUB_ACCEPTED } from "#api/cluster/names.ts"
import type { HubEntrance } from "#agent/hub-link.ts"
import type { Runtime } from "#runtime/controller.ts"
import { requestCertificate } from "./certificate-request.ts"
import type { CredentialStore } from "./credential-store.ts"
import type { HubAddress, HubCredentials } from "./credentials.ts"

export type BootstrapOptions = {
  readonly clusterName: string
  readonly agentName: string
  readonly hub: HubAddress
  /** Where the hub was, if it has moved to `hub`. */
  readonly joinedAt?: HubAddress
  readonly entrance: HubEntrance
  readonly store: CredentialStore
  readonly annotations?: Readonly<Record<string, string>>
  readonly clientConfigs?: readonly { readonly url: string; readonly caBundle?: string }[]
  readonly certificateSeconds?: number
}

/** Source: OCM: five characters. */
const AGENT_NAME_LENGTH = 5

export const newAgentName = (random: Random): string => randomText(random, AGENT_NAME_LENGTH, NAME_ALPHABET)

/** Announces the cluster and gets a certificate, side by side. @returns once the credentials are stored */
export async function joinHub(
  runtime: Runtime,
  options: BootstrapOptions,
  signal: AbortSignal,
): Promise<HubCredentials> {
  const { clusterName, agentName, hub, joinedAt, entrance, store, certificateSeconds } = options
  const expiry = certificateSeconds === undefined ? {} : { expirationSeconds: certificateSeconds }
  const [issued] = await Promise.all([
    requestCertificate(runtime, entrance.certificates, { clusterName, agentName, ...expiry }, signal),
    announceCluster(runtime, options, signal),
  ])
  const credentials = { clusterName, agentName, hub, ...(joinedAt === undefined ? {} : { joinedAt }), ...issued }
  await store.save(credentials)
  runtime.log.info("Joined the hub", { cluster: clusterName, agent: agentName, server: hub.server })
  return credentials
}

/** Creates the ManagedCluster unless it is there. */
async function announceCluster({ log }: Runtime, options: BootstrapOptions, signal: AbortSignal): Promise<void> {
  const { entrance, clusterName } = options
  try {
    await entrance.getCluster(clusterName, signal)
  } catch (error) {
    if (hasReason(error, "NotFound")) return createCluster(options, signal)
    // An administrator may announce clusters and give the bootstrap identity no right to look.
    if (!hasReason(error, "Unauthorized", "Forbidden")) throw error
    log.warn("Cannot see the ManagedCluster, going on without", { cluster: clusterName, error })
  }
}

async function createCluster(
  { entrance, clusterName, annotations, clientConfigs }: BootstrapOptions,
  signal: AbortSignal,
) {
  try {
    await entrance.createCluster(newCluster(clusterName, annotations, clientConfigs), signal)
  } catch (error) {
    if (!hasReason(error, "AlreadyExists", "Unauthorized", "Forbidden")) throw error
  }
}

/** As OCM's agent announces a cluster: of annotations only its own kind, of addresses only https. */
export function newCluster(
  name: string,
  annotations: BootstrapOptions["annotations"] = {},
  clientConfigs: BootstrapOptions["clientConfigs"] = [],
): ManagedCluster {
  const own = Object.entries(annotations).filter(([key]) => key.startsWith(AGENT_ANNOTATION_PREFIX))
  const configs = clientConfigs.filter(({ url }) => url.startsWith("https://"))
  return {
    apiVersion: "cluster.open-cluster-management.io/v1",
    kind: "ManagedCluster",
    metadata: { name, ...(own.length === 0 ? {} : { annotations: Object.fromEntries(own) }) },
    spec: configs.length === 0 ? {} : { managedClusterClientConfigs: configs.map((config) => ({ ...config })) },
  }
}

/**
 * Resolves when the hub has accepted the cluster, as the bootstrap identity sees it: before that the agent's own
 * certificate opens nothing, and asking again and again would be the only way to know.
 * @returns resolves at acceptance; stays pending until `signal` aborts when that never comes
 */
export function waitForAcceptance(
  runtime: Runtime,
  entrance: HubEntrance,
  clusterName: string,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = new AbortController()
  entrance.followCluster({ ...runtime, signal: AbortSignal.any([signal, stop.signal]) }, clusterName, ({ status }) => {
    if (isConditionTrue(status?.conditions, HUB_ACCEPTED)) resolve()
  })
  return promise.finally(() => stop.abort())
}
