// Simulated members of a fleet: started, joined, and stopped.
import { newHttpsOutbound } from "#lib/https-outbound.ts"
import { join } from "node:path"
import type { Agent, AgentOptions } from "#agent/start.ts"
import { directoryWorkCache } from "#agent/work/work-cache.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { StorageEngine } from "#apiserver/storage/storage.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { openDirectory } from "#lib/directory.ts"
import type { Runtime } from "#runtime/controller.ts"
import { startMember, type Member } from "#simulator/member.ts"
import { CLUSTERS_PREFIX, ensurePki, type Host } from "./host.ts"

export type FleetMember = { readonly name: string; readonly member: Member; readonly agent: Agent }

export type MembersOptions = {
  readonly dir: string
  readonly nodes: number
  readonly engine: StorageEngine
  readonly host: Pick<Host, "mount" | "unmount" | "url"> & { readonly caCertificate: string }
  /** How an agent reaches the hub. */
  readonly connections: () => Pick<AgentOptions, "bootstrap" | "connect">
}

/** How long a simulated pod takes to become ready. */
const POD_READY_AFTER_MS = 500
/** A member's history of events is short: only its own agent and a person with kubectl watch it. */
const HISTORY = { historyBytesMax: 256 * 1024, historyEventsMax: 500 }
/** Members that are set up at the same time. */
const START_TOGETHER = 16

/** Starts one member with its agent, and writes its kubeconfig. */
export async function startFleetMember(process: Runtime, name: string, options: MembersOptions): Promise<FleetMember> {
  // What is counted is the hub's: the controllers of a thousand members under the same names would drown it.
  const { metrics: _hubs, ...runtime } = process
  const folder = openDirectory(join(options.dir, name))
  const pki = await ensurePki(folder, runtime, [])
  const member = await startMember(runtime, {
    name,
    storage: await options.engine.store(name, HISTORY),
    pki,
    nodes: options.nodes,
    podReadyAfterMs: POD_READY_AFTER_MS,
    manifests: memberManifests() as UnknownObject[],
    outbound: newHttpsOutbound(),
  })
  options.host.mount(`${CLUSTERS_PREFIX}${name}`, member.server.handler)
  await openDirectory(options.dir).write(
    `${name}.kubeconfig`,
    kubeconfigText({
      server: `${options.host.url}${CLUSTERS_PREFIX}${name}`,
      ca: options.host.caCertificate,
      cert: pki.adminCertificate,
      key: pki.adminKey,
      name,
    }),
  )
  const workCache = directoryWorkCache(folder.folder("works"))
  const agent = member.join({ ...options.connections(), workCache })
  return { name, member, agent }
}

/** Starts many, some at a time, in order. */
export async function startFleetMembers(
  runtime: Runtime,
  names: readonly string[],
  options: MembersOptions,
  onStarted: (member: FleetMember, started: number) => void,
): Promise<FleetMember[]> {
  const members: FleetMember[] = []
  let next = 0
  let started = 0
  const lane = async () => {
    while (next < names.length && !runtime.signal.aborted) {
      const index = next++
      const member = await startFleetMember(runtime, names[index]!, options)
      members[index] = member
      onStarted(member, ++started)
    }
  }
  await Promise.all(Array.from({ length: START_TOGETHER }, lane))
  return members
}

export async function stopFleetMember({ agent, member }: FleetMember): Promise<void> {
  await agent.stop()
  member.stop()
}
