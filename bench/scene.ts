// What the rows about works, agents and fleets are measured on: servers, controllers and an agent started here, or given.
import { join, resolve } from "node:path"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { connectWith, type Connected } from "../test/support/hawser.ts"
import { Following } from "./await-watch.ts"
import { nowMs, type Row } from "./measure.ts"
import * as programs from "./programs.ts"

export type Member = { readonly cluster: string; readonly connected: Connected }

export type Scene = {
  readonly hub: Connected
  readonly members: readonly Member[]
  readonly hubPid?: number
  readonly agentPid?: number
  /** Starts one more agent, which is let in by itself. */
  readonly startAgent?: (cluster: string) => programs.Program
  readonly stop: () => Promise<void>
}

export type Given = {
  readonly hubKubeconfig: string
  /** One for each of `clusters`. */
  readonly memberKubeconfigs: readonly string[]
  readonly clusters: readonly string[]
  readonly hubPid?: number
  readonly agentPid?: number
}

export async function givenScene({ hubKubeconfig, memberKubeconfigs, clusters, ...pids }: Given): Promise<Scene> {
  const hub = await connectWith(resolve(hubKubeconfig))
  const connect = async (file: string, i: number): Promise<Member> => ({
    cluster: clusters[i]!,
    connected: await connectWith(resolve(file)),
  })
  const members = await Promise.all(memberKubeconfigs.map(connect))
  const stop = async () => {
    for (const connected of [hub, ...members.map((member) => member.connected)]) connected.close()
  }
  return { hub, members, ...pids, stop }
}

const AUTO_APPROVAL =
  "--feature-gates ManagedClusterAutoApproval=true --auto-approve-user system:bootstrap:ocmhub".split(" ")

/** Everything as processes of its own, from the bundle. */
export async function ownScene(entry: string, dir: string, on: "embedded" | "kubernetes"): Promise<Scene> {
  const cluster = "bench"
  const start = (name: string) =>
    on === "kubernetes" ? programs.startReal(dir, name) : programs.startEmbedded(entry, dir, name)
  const [hubServer, memberServer] = [await start("hub"), await start("member")]
  programs.runProgram(entry, dir, ["init", "--kubeconfig", hubServer.kubeconfig, "-q"])
  const text = programs.runProgram(entry, dir, ["token", "--kubeconfig", hubServer.kubeconfig, "-o", "kubeconfig"])
  const bootstrap = programs.writeKubeconfig(join(dir, "bootstrap.kubeconfig"), text)
  const hubArgs = ["hub", "--kubeconfig", hubServer.kubeconfig, ...AUTO_APPROVAL]
  const controllers = programs.startProgram(entry, dir, "controllers", hubArgs)
  const hub = await connectWith(hubServer.kubeconfig)
  const member = await connectWith(memberServer.kubeconfig)
  const identity = ["--bootstrap-kubeconfig", bootstrap]
  const agentArgs = (name: string) => ["--cluster-name", name, ...identity, "--dir", join(dir, name)]
  const joinArgs = ["join", ...agentArgs(cluster), "--kubeconfig", memberServer.kubeconfig, "--run", "-q"]
  const agent = programs.startProgram(entry, dir, cluster, joinArgs)
  await untilAvailable(hub, cluster)
  const startAgent = (name: string) =>
    programs.startProgram(entry, dir, name, [
      "agent",
      ...agentArgs(name),
      "--spoke-kubeconfig",
      memberServer.kubeconfig,
    ])
  return {
    hub,
    members: [{ cluster, connected: member }],
    hubPid: controllers.pid,
    agentPid: agent.pid,
    startAgent,
    stop: async () => {
      hub.close()
      member.close()
      for (const { stop } of [agent, controllers, memberServer, hubServer]) await stop()
    },
  }
}

async function untilAvailable(hub: Connected, cluster: string): Promise<void> {
  const clusters = await Following.start(hub.client, MANAGED_CLUSTERS)
  await clusters.until(cluster, (c) => isConditionTrue(c?.status?.conditions, "ManagedClusterConditionAvailable"))
  clusters.stop()
}

/** Agents of clusters that the hub has not seen, one after the other. */
export async function benchAgent({ hub, startAgent }: Scene, repeats: number): Promise<Row[]> {
  if (startAgent === undefined) return []
  const values: number[] = []
  for (let i = 0; i < repeats; i++) {
    const name = `bench-agent-${i}`
    const started = nowMs()
    const agent = startAgent(name)
    await untilAvailable(hub, name)
    values.push((nowMs() - started) / 1000)
    await agent.stop()
    await hub.client.delete(MANAGED_CLUSTERS, { name })
  }
  const note = "from the start of its process"
  return [{ what: "agent started → cluster Available (auto-approved)", unit: "s", values, budget: 1, note }]
}
