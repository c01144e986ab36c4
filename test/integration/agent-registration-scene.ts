// A hub with real authentication, RBAC and registration controllers, a member, and agents between them, on a virtual clock.
import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { newCertificateAuthority } from "#lib/x509/authority.ts"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { seededRandom } from "#lib/random.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import type { Node } from "#api/kubernetes/core.ts"
import { NODES } from "#api/kubernetes/core.ts"
import { startSigning } from "#controlplane/signing/signing.controller.ts"
import { bootstrapTokenSecret } from "#hub/install/bootstrap-token.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { startRegistration } from "#hub/registration/start.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import { memoryCredentialStore } from "#agent/registration/credential-store.ts"
import type { CredentialStore } from "#agent/registration/credential-store.ts"
import type { HubCredentials } from "#agent/registration/credentials.ts"
import { startAgent } from "#agent/start.ts"
import type { Agent, AgentOptions } from "#agent/start.ts"
import { memoryWorkCache } from "#agent/work/work-cache.ts"
import type { Runtime } from "#runtime/controller.ts"
import { mapperOf, newWorld, realSecurity } from "./agent-world.ts"
import type { Cluster, World } from "./agent-world.ts"

export const CLUSTER = "cluster1"
export const TOKEN = "0123456789abcdef"
export const HUB = { server: "https://hub", clusterEntry: "hub" }

export type Scene = {
  readonly world: World
  readonly hub: Cluster
  readonly member: Cluster
  readonly store: CredentialStore
  start(options?: Partial<AgentOptions>): Agent
  until(condition: () => Promise<boolean>, limitMs?: number): Promise<void>
  cluster(): Promise<ManagedCluster | undefined>
  /** Requests of the agent to the hub since the last call, as `GET managedclusters/cluster1`. */
  requests(): string[]
}

/** A hub with real authentication, RBAC and registration controllers. */
export async function startHub(world: World, runtime: Runtime, name: string, autoApproval = true): Promise<Cluster> {
  const lifetimeMs = 10 * 365 * 24 * 3600_000
  const ca = newCertificateAuthority({ commonName: name, clock: world.clock, random: seededRandom(2), lifetimeMs })
  const hub = await world.cluster(name, "hub", realSecurity(world, ca))
  const objects = hubManifests({ isAdmissionBuiltIn: true }).filter(({ kind }) => kind !== "CustomResourceDefinition")
  await hub.server.bootstrap([...objects, bootstrapTokenSecret(TOKEN)] as never)
  const informers = world.informers(hub.admin)
  startRegistration(
    runtime,
    { client: hub.admin, informers },
    { autoApproval, autoApproveBootstrap: true, autoApproveUsers: [], builtInSets: true },
  )
  startSigning(runtime, { client: hub.admin, informers }, ca)
  informers.start(runtime.signal)
  return hub
}

/** A hub, and a member with one node. */
export async function newScene(
  t: TestContext,
  options: { autoApprove?: boolean; store?: (member: Cluster) => CredentialStore } = {},
): Promise<Scene> {
  const world = newWorld()
  const { clock } = world
  const stop = new AbortController()
  const runtime = world.runtime(stop.signal)
  const hub = await startHub(world, runtime, "hub", options.autoApprove)
  const member = await world.cluster("member", "member")
  const node: Node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node1" },
    status: { capacity: { cpu: "4", memory: "8Gi" }, allocatable: { cpu: "3800m", memory: "7Gi" } },
  }
  await member.admin.create(NODES, node)
  await member.admin.patch(NODES, { name: "node1" }, { merge: { status: node.status } }, { subresource: "status" })
  await clock.advance(5_000)

  const store = options.store?.(member) ?? memoryCredentialStore()
  const agents: Agent[] = []
  const scene: Scene = {
    world,
    hub,
    member,
    store,
    start(more = {}) {
      const client = world.connect("agent", member)
      const memberInformers = world.informers(client)
      memberInformers.start(stop.signal)
      const agent = startAgent(runtime, {
        clusterName: CLUSTER,
        bootstrap: {
          hub: HUB,
          connect: () =>
            kubernetesEntrance({ client: world.connect("agent", hub, () => ({}), `ocmhub.${TOKEN}`), close() {} }),
        },
        connect: ({ certificate }: HubCredentials) => {
          const der = parseCertificate(certificate).der
          const hubClient = world.connect("agent", hub, () => ({ certificate: der }))
          return kubernetesHub({ client: hubClient, informers: world.informers(hubClient), close() {} }, CLUSTER)
        },
        credentialStore: store,
        member: { client, informers: memberInformers, mapper: mapperOf(member) },
        workCache: memoryWorkCache(),
        ...more,
      })
      agents.push(agent)
      return agent
    },
    async until(condition, limitMs = 20_000) {
      const endMs = clock.nowMs() + limitMs
      while (!(await condition())) {
        assert.ok(clock.nowMs() < endMs, `the condition did not come to hold within ${limitMs} ms`)
        await clock.advance(limitMs > 60_000 ? 10_000 : 5)
      }
    },
    async cluster() {
      try {
        return await hub.admin.get(MANAGED_CLUSTERS, { name: CLUSTER })
      } catch (error) {
        if (hasReason(error, "NotFound")) return undefined
        throw error
      }
    },
    requests() {
      const seen = world.records.splice(0).filter(({ to }) => to === "hub")
      return seen.map(({ method, path }) => `${method} ${path.replace(/^.*\/v1\//, "").split("?")[0]}`)
    },
  }
  t.after(async () => {
    const ended = Promise.all(agents.map((agent) => agent.stop()))
    stop.abort()
    await clock.settle()
    await ended
  })
  return scene
}

export const isAvailable = (scene: Scene) => async () =>
  findCondition((await scene.cluster())?.status?.conditions, "ManagedClusterConditionAvailable")?.status === "True"
export const conditionOf = async (scene: Scene, type: string) =>
  findCondition((await scene.cluster())?.status?.conditions, type)
