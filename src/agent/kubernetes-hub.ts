// The link to the hub over the Kubernetes API: the hub's own, or any server that serves it.
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { DETACHED_LEASE, tombstonesOf, withTombstones } from "#api/cluster/detached.ts"
import { HUB_ENDPOINT, parseHubEndpoint, type HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import { CLUSTER_LEASE, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { LEASES, type Lease } from "#api/kubernetes/coordination.ts"
import { CONFIG_MAPS, type ConfigMap } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { runReflector } from "#kube/reflector.ts"
import { formatMicroTime, sleep } from "#lib/clock.ts"
import type { Runtime } from "#runtime/controller.ts"
import { carryOut } from "./carry-out.ts"
import type {
  CertificateRequests,
  HubEntrance,
  HubLink,
  LinkedCluster,
  LinkedEndpoint,
  LinkedLease,
  LinkedObjects,
  LinkedTombstones,
} from "./hub-link.ts"

/** @param client  speaks as the bootstrap identity */
export function kubernetesEntrance({
  client,
  close,
}: {
  readonly client: KubeClient
  readonly close: () => void
}): HubEntrance {
  return {
    getCluster: (name, signal) => client.get(MANAGED_CLUSTERS, { name }, { signal }),
    createCluster: async (cluster, signal) => {
      await client.create(MANAGED_CLUSTERS, cluster, { signal })
    },
    followCluster(runtime, name, told) {
      const judge = (cluster: ManagedCluster) => {
        if (cluster.metadata.name === name) told(cluster)
      }
      void runReflector({
        ...runtime,
        client,
        type: MANAGED_CLUSTERS,
        scope: { fieldSelector: `metadata.name=${name}` },
        sink: { replace: (clusters) => clusters.forEach(judge), changed: judge, deleted() {} },
      })
    },
    certificates: certificatesBy(client),
    close,
  }
}

export type KubernetesConnection = {
  /** Speaks as the agent itself. */
  readonly client: KubeClient
  readonly informers: InformerFactory
  readonly close: () => void
}

export function kubernetesHub(connection: KubernetesConnection, clusterName: string): HubLink {
  const { client, informers, close } = connection
  return {
    cluster: clusterBy(connection, clusterName),
    works: worksBy(connection, clusterName),
    lease: leaseBy(client, clusterName),
    tombstones: tombstonesBy(client, clusterName),
    endpoint: endpointBy(client),
    certificates: certificatesBy(client),
    events: client,
    start: (signal) => informers.start(signal),
    close,
  }
}

function clusterBy({ client, informers }: KubernetesConnection, name: string): LinkedCluster {
  return {
    get cache() {
      return informers.informer(MANAGED_CLUSTERS, { fieldSelector: `metadata.name=${name}` })
    },
    get: (signal) => client.get(MANAGED_CLUSTERS, { name }, { signal }),
    write: (action, signal) => carryOut<ManagedCluster>(client, action, signal),
  }
}

function worksBy({ client, informers }: KubernetesConnection, namespace: string): LinkedObjects<ManifestWork> {
  return {
    get cache() {
      return informers.informer(MANIFEST_WORKS, { namespace })
    },
    get: (name, signal) => client.get(MANIFEST_WORKS, { namespace, name }, { signal }),
    write: (action, signal) => carryOut<ManifestWork>(client, action, signal),
  }
}

function leaseBy(client: KubeClient, namespace: string): LinkedLease {
  const key = { namespace, name: CLUSTER_LEASE }
  let last: Lease | undefined
  return {
    async renew(nowMs, signal) {
      const lease = last ?? (await client.get(LEASES, key, { signal }))
      last = undefined
      // It belongs to the hub, which created it; only the time is ours.
      const renewed = { ...lease, spec: { ...lease.spec, renewTime: formatMicroTime(nowMs) } }
      last = await client.update(LEASES, renewed, { signal })
    },
    renewedAt: async (signal) => (await client.get(LEASES, key, { signal })).spec?.renewTime ?? "",
  }
}

function tombstonesBy(client: KubeClient, namespace: string): LinkedTombstones {
  const read = (signal: AbortSignal) => client.get(LEASES, { namespace, name: DETACHED_LEASE }, { signal })
  return {
    list: async (signal) => tombstonesOf(await read(signal)),
    async clear(uid, clearedMs, signal) {
      const lease = await read(signal)
      const before = tombstonesOf(lease)
      if (!before.some((tombstone) => tombstone.uid === uid && tombstone.clearedMs === undefined)) return
      const after = before.map((tombstone) => (tombstone.uid === uid ? { ...tombstone, clearedMs } : tombstone))
      await client.update(LEASES, withTombstones(lease, after), { signal })
    },
  }
}

/** A hub that publishes nothing may be upgraded to one that does. */
const ASK_AGAIN_MS = 10 * 60_000

function endpointBy(client: KubeClient): LinkedEndpoint {
  const run = async (runtime: Runtime, told: (endpoint: HubEndpoint | Error | undefined) => void) => {
    const { clock, random, signal } = runtime
    // A watch of what is forbidden or missing would ask again and again.
    while (!(await isPublished(client, signal))) await sleep(clock, ASK_AGAIN_MS * (1 + random.fraction()), signal)
    const judge = (published: ConfigMap | undefined) => told(published && readEndpoint(published))
    await runReflector({
      ...runtime,
      client,
      type: CONFIG_MAPS,
      scope: { namespace: HUB_ENDPOINT.namespace, fieldSelector: `metadata.name=${HUB_ENDPOINT.name}` },
      sink: { replace: ([found]) => judge(found), changed: judge, deleted: () => judge(undefined) },
    })
  }
  return {
    follow(runtime, told) {
      run(runtime, told).catch((error: unknown) => {
        if (!runtime.signal.aborted) runtime.log.warn("Cannot look where the hub says to be", { error })
      })
    },
  }
}

function readEndpoint(published: ConfigMap): HubEndpoint | Error {
  try {
    return parseHubEndpoint(published)
  } catch (error) {
    return error as Error
  }
}

async function isPublished(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(CONFIG_MAPS, HUB_ENDPOINT, { signal })
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (hasReason(error, "NotFound", "Forbidden")) return false
    // The hub is away for a moment: the watch knows how to wait for it.
    return true
  }
}

function certificatesBy(client: KubeClient): CertificateRequests {
  return {
    async list(cluster, signal) {
      const labelSelector = `${CLUSTER_NAME_LABEL}=${cluster}`
      return (await client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector, signal })).items
    },
    create: (request, signal) => client.create(CERTIFICATE_SIGNING_REQUESTS, request, { signal }),
    follow(runtime, name, told) {
      void runReflector<CertificateSigningRequest>({
        ...runtime,
        client,
        type: CERTIFICATE_SIGNING_REQUESTS,
        scope: { fieldSelector: `metadata.name=${name}` },
        sink: {
          replace: (requests) => told(requests.find(({ metadata }) => metadata.name === name)),
          changed: told,
          deleted: () => told(undefined),
        },
      })
    },
  }
}
