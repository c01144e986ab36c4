import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ConfigMap } from "#api/kubernetes/core.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { newLocalInformerFactory } from "#controlplane/local-informers.ts"
import { kubernetesHub } from "#agent/kubernetes-hub.ts"
import { informerSource } from "#agent/work/member-objects.ts"
import { memoryWorkCache } from "#agent/work/work-cache.ts"
import type { WorkCache } from "#agent/work/work-cache.ts"
import { hubHashOf, startWorkAgent } from "#agent/work/work-agent.ts"
import type { HubConnection, WorkAgent, WorkAgentOptions } from "#agent/work/work-agent.ts"
import { mapperOf, namespace, newWorld } from "./agent-world.ts"
import type { Cluster, World } from "./agent-world.ts"

export const SERVER = "https://hub"
export const CLUSTER = "cluster1"

export type WorkScene = {
  readonly world: World
  readonly hub: Cluster
  readonly member: Cluster
  readonly cache: WorkCache
  agent: WorkAgent
  /** Writes since the last call, as `PATCH hub manifestworks/w/status`. */
  writes(): string[]
  /** Ends the agent and starts another one. Without a hub it is on its own. */
  restart(options?: { readonly hub?: boolean; readonly server?: string }): Promise<void>
  until(condition: () => Promise<boolean>): Promise<void>
  settle(): Promise<void>
}

/** A hub and a member in memory, and an agent between them that knows how to apply works and nothing else. */
export async function newWorkScene(
  t: TestContext,
  options: Partial<WorkAgentOptions> & {
    readonly identity?: () => string
    /** Objects come from the member server's own memory, as in a simulated member. */
    readonly inProcess?: boolean
    readonly secureMember?: (world: World) => Parameters<World["cluster"]>[2]
  } = {},
): Promise<WorkScene> {
  const world = newWorld()
  const hub = await world.cluster("hub", "hub")
  const member = await world.cluster("member", "member", options.secureMember?.(world))
  await hub.admin.create({ ...NAMESPACES }, namespace(CLUSTER))
  const cache = memoryWorkCache()
  let stop = new AbortController()
  const start = async (withHub: boolean, hubServer = SERVER) => {
    stop = new AbortController()
    const runtime = world.runtime(stop.signal)
    const client = world.connect("agent", member)
    const informers = world.informers(client)
    const agent = await startWorkAgent(runtime, {
      clusterName: CLUSTER,
      hubServer,
      member: { client, informers, mapper: mapperOf(member) },
      cache,
      ...(options.inProcess ? { objectSource: informerSource(newLocalInformerFactory(member.server.reader)) } : {}),
      ...options,
    })
    informers.start(stop.signal)
    if (withHub) {
      const hubClient = world.connect("agent", hub)
      const link = kubernetesHub({ client: hubClient, informers: world.informers(hubClient), close() {} }, CLUSTER)
      const connection: HubConnection = {
        works: link.works,
        identity: options.identity ?? (() => "the cluster"),
      }
      link.start(stop.signal)
      agent.attach(connection)
    }
    return agent
  }
  const scene: WorkScene = {
    world,
    hub,
    member,
    cache,
    agent: await start(true),
    writes() {
      const seen = world.records.splice(0).filter(({ method }) => method !== "GET")
      return seen.map(({ method, to, path }) => `${method} ${to} ${brief(path)}`)
    },
    async restart({ hub: withHub = true, server } = {}) {
      stop.abort()
      await world.clock.settle()
      scene.agent = await start(withHub, server)
      await world.clock.settle()
    },
    async until(condition) {
      for (let i = 0; i < 2_000; i++) {
        if (await condition()) return
        await world.clock.advance(5)
      }
      assert.fail("the condition did not come to hold within 10 seconds")
    },
    async settle() {
      await world.clock.advance(500)
    },
  }
  t.after(async () => {
    stop.abort()
    await world.clock.settle()
  })
  await scene.settle()
  scene.writes()
  return scene
}

export const NAMESPACES = { group: "", version: "v1", resource: "namespaces", kind: "Namespace", namespaced: false }
/** `manifestworks/w/status` of a long path. */
const brief = (path: string) => {
  const [, rest = path] = /\/(?:v1|v1beta1)\/(?:namespaces\/[^/]+\/)?(.+)$/.exec(path.split("?")[0]!) ?? []
  return rest.replaceAll(/[0-9a-f]{64}/g, "HASH")
}

export function work(name: string, manifests: UnknownObject[], spec: Partial<ManifestWork["spec"]> = {}): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { namespace: CLUSTER, name },
    spec: { workload: { manifests }, ...spec },
  }
}
export const deployment = (replicas?: number): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace: "default", name: "web" },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "web:1", resources: { requests: { cpu: "1000m" } } }] },
    },
  },
})

export async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}
export const getConfigMap = ({ member }: WorkScene, name: string): Promise<ConfigMap | undefined> =>
  orUndefined(member.admin.get(CONFIG_MAPS, { namespace: "default", name }))
export const getWork = ({ hub }: WorkScene, name: string): Promise<ManifestWork | undefined> =>
  orUndefined(hub.admin.get(MANIFEST_WORKS, { namespace: CLUSTER, name }))
export const getApplied = ({ member }: WorkScene, name: string): Promise<AppliedManifestWork | undefined> =>
  orUndefined(member.admin.get(APPLIED_MANIFEST_WORKS, { name: `${hubHashOf(SERVER)}-${name}` }))
export const conditionOf = (object: ManifestWork | undefined, type: string) =>
  object?.status?.conditions?.find((condition) => condition.type === type)
export const isApplied = (scene: WorkScene, name: string) => async () => {
  const object = await getWork(scene, name)
  const condition = conditionOf(object, "Applied")
  return condition?.status === "True" && condition.observedGeneration === object?.metadata.generation
}
export const patchWork = ({ hub }: WorkScene, name: string, spec: object) =>
  hub.admin.patch(MANIFEST_WORKS, { namespace: CLUSTER, name }, { merge: { spec } })
export const patchConfigMap = ({ member }: WorkScene, name: string, merge: object) =>
  member.admin.patch(CONFIG_MAPS, { namespace: "default", name }, { merge })
export const manifestsOf = (...manifests: UnknownObject[]) => ({ workload: { manifests } })
