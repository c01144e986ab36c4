// A hub on an embedded server in memory and a virtual clock, with its own controllers and those of registration.
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { setCondition } from "#apimachinery/conditions.ts"
import { hubAdmission } from "#cmd/hub-admission.ts"
import { newEmbeddedServer, startHubServer, type EmbeddedServer } from "#controlplane/embedded-server.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { startRegistration } from "#hub/registration/start.ts"
import { formatMicroTime } from "#lib/clock.ts"
import type { HttpRequest, Transport } from "#lib/http.ts"
import { silentLog } from "#lib/log.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { issuedTo, requestCertificate } from "../support/agent-certificate.ts"

export type TestHub = {
  readonly server: EmbeddedServer
  /** As administrator. */
  readonly client: KubeClient
  nowMs(): number
  advance(ms: number): Promise<void>
  /** What somebody has who is about to join. */
  bootstrapClient(): KubeClient
  /** Creates the cluster, waits for its certificate. @returns a client with it */
  join(name: string): Promise<KubeClient>
  /** Requests of nobody but the bearer of a certificate. */
  transportWith(certificate: Uint8Array): Transport
  clientOver(transport: Transport): KubeClient
  /** Says as the agent that the cluster is available, or not. */
  report(agent: KubeClient, name: string, status: "True" | "False"): Promise<void>
  renew(agent: KubeClient, name: string): Promise<void>
  stopControllers(): void
  startControllers(): void
  /** How many writes the hub's controllers and administrator have sent. */
  writes(): number
  end(): void
}

const START_MS = Date.parse("2026-01-01T00:00:00Z")

export async function newHub(options: { readonly automatic?: boolean } = {}): Promise<TestHub> {
  const clock = newVirtualClock(START_MS)
  const random = seededRandom(7)
  const ending = new AbortController()
  const runtime: Runtime = { clock, random, log: silentLog, signal: ending.signal }
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock, random })
  const server = await newEmbeddedServer(runtime, {
    storage: memoryStorage(),
    pki,
    issuer: "https://hub",
    admission: hubAdmission,
  })
  startHubServer(runtime, server)
  /** Time passes only when it is told to: what waits for a controller is waited for in steps. */
  const meanwhile = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const over = () => void (isOver = true)
    work.then(over, over)
    while (!isOver) await clock.advance(50)
    return work
  }
  await meanwhile(applyManifests(server.client, hubManifests({ isAdmissionBuiltIn: true }), { clock }))
  const token = await ensureBootstrapToken(server.client, random)

  let writes = 0
  const counted = (transport: Transport) => (request: HttpRequest) => {
    if (request.method !== "GET") writes++
    return transport(request)
  }
  const send: Transport = (request) => server.handler({ ...request, peer: { address: "127.0.0.1" } })
  const transportWith =
    (certificate: Uint8Array): Transport =>
    (request) =>
      server.handler({ ...request, peer: { address: "127.0.0.1", certificate } })
  const clientOver = (transport: Transport, headers: Record<string, string> = {}) =>
    newKubeClient({ transport, clock, userAgent: "test", headers })
  const client = clientOver(counted(server.transportAs({ name: "admin", groups: ["system:masters"] })))

  let controllers = new AbortController()
  const startControllers = () => {
    controllers = new AbortController()
    const own: Runtime = { ...runtime, signal: AbortSignal.any([ending.signal, controllers.signal]) }
    // As the least that an installation gives them, over the same way as anywhere else.
    const hubClient = clientOver(
      counted(
        server.transportAs({
          name: "system:serviceaccount:open-cluster-management-hub:hawser-hub",
          groups: ["system:serviceaccounts", "system:authenticated"],
        }),
      ),
    )
    const informers = newInformerFactory({ client: hubClient, clock, random, log: silentLog })
    startRegistration(
      own,
      { client: hubClient, informers },
      {
        autoApproval: options.automatic ?? false,
        autoApproveBootstrap: options.automatic ?? false,
        autoApproveUsers: [],
        builtInSets: true,
      },
    )
    informers.start(own.signal)
  }
  startControllers()
  await clock.advance(1_000)

  const hub: TestHub = {
    server,
    client,
    nowMs: clock.nowMs,
    advance: clock.advance,
    bootstrapClient: () => clientOver(send, { authorization: `Bearer ${token}` }),
    transportWith,
    clientOver,
    async join(name) {
      const joining = hub.bootstrapClient()
      await joining.create(MANAGED_CLUSTERS, {
        apiVersion: "cluster.open-cluster-management.io/v1",
        kind: "ManagedCluster",
        metadata: { name },
        spec: {},
      })
      const csr = await requestCertificate(joining, name)
      await clock.advance(1_000)
      return clientOver(transportWith(await issuedTo(client, csr.name)))
    },
    async report(agent, name, status) {
      const cluster = await agent.get(MANAGED_CLUSTERS, { name })
      const reason = status === "True" ? "ManagedClusterAvailable" : "ManagedClusterKubeAPIServerUnavailable"
      const condition = { type: "ManagedClusterConditionAvailable", status, reason, message: "" }
      const conditions = setCondition(cluster.status?.conditions, condition, clock.nowMs())
      await agent.patch(MANAGED_CLUSTERS, { name }, { merge: { status: { conditions } } }, { subresource: "status" })
    },
    async renew(agent, name) {
      const lease = await agent.get(LEASES, { namespace: name, name: "managed-cluster-lease" })
      await agent.update(LEASES, { ...lease, spec: { ...lease.spec, renewTime: formatMicroTime(clock.nowMs()) } })
    },
    stopControllers: () => controllers.abort(),
    startControllers,
    writes: () => writes,
    end: () => ending.abort(),
  }
  return hub
}
