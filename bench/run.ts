/**
 * `npm run bench`: the rows of the design's budgets that apply to what is built.
 *
 *     npm run bench -- [--on embedded|kubernetes]                       hub, member and agent started here, from the bundle
 *     npm run bench -- --hub-kubeconfig K --member-kubeconfig M --cluster C   against what runs already
 *
 * Further: --clusters N (1000), --repeats N (20), --rows work,fleet,agent,apiserver, --hub-pid P and --agent-pid P for memory,
 * --bundle FOLDER (dist), -o markdown|json (markdown).
 */
import { mkdtempSync, rmSync } from "node:fs"
import { cpus, tmpdir, totalmem } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { keepAwake } from "#lib/clock.ts"
import { connectWith, type Connected } from "../test/support/hawser.ts"
import { benchApiserver, type ApiserverFigures } from "./apiserver.ts"
import { Following } from "./await-watch.ts"
import { benchFleet } from "./fleet.ts"
import { formatRows, nowMs, type Row } from "./measure.ts"
import * as programs from "./programs.ts"
import { benchWork } from "./work.ts"

const { values: args } = parseArgs({
  options: {
    on: { type: "string", default: "embedded" },
    "hub-kubeconfig": { type: "string" },
    "member-kubeconfig": { type: "string" },
    cluster: { type: "string", default: "bench" },
    clusters: { type: "string", default: "1000" },
    repeats: { type: "string", default: "20" },
    rows: { type: "string", default: "work,fleet,agent,apiserver" },
    "hub-pid": { type: "string" },
    "agent-pid": { type: "string" },
    bundle: { type: "string", default: join(import.meta.dirname, "../dist") },
    output: { type: "string", short: "o", default: "markdown" },
  },
})
const wanted = new Set(args.rows.split(","))
const say = (line: string) => process.stderr.write(`${line}\n`)

type Scene = {
  readonly hub: Connected
  readonly member?: Connected
  readonly hubPid?: number
  readonly agentPid?: number
  /** Starts one more agent, which is let in by itself. */
  readonly startAgent?: (cluster: string) => programs.Program
  readonly stop: () => Promise<void>
}

async function givenScene(hubKubeconfig: string): Promise<Scene> {
  const hub = await connectWith(resolve(hubKubeconfig))
  const memberFile = args["member-kubeconfig"]
  const member = memberFile === undefined ? undefined : await connectWith(resolve(memberFile))
  const [hubPid, agentPid] = [args["hub-pid"], args["agent-pid"]].map((pid) =>
    pid === undefined ? undefined : Number(pid),
  )
  return {
    hub,
    ...(member && { member }),
    ...(hubPid && { hubPid }),
    ...(agentPid && { agentPid }),
    stop: async () => [hub, member].forEach((connected) => connected?.close()),
  }
}

async function ownScene(entry: string, dir: string): Promise<Scene> {
  const start = (name: string) =>
    args.on === "kubernetes" ? programs.startReal(dir, name) : programs.startEmbedded(entry, dir, name)
  const [hubServer, memberServer] = [await start("hub"), await start("member")]
  programs.runProgram(entry, dir, ["init", "--kubeconfig", hubServer.kubeconfig, "-q"])
  const text = programs.runProgram(entry, dir, ["token", "--kubeconfig", hubServer.kubeconfig, "-o", "kubeconfig"])
  const bootstrap = programs.writeKubeconfig(join(dir, "bootstrap.kubeconfig"), text)
  const approve = [
    "--feature-gates",
    "ManagedClusterAutoApproval=true",
    "--auto-approve-user",
    "system:bootstrap:ocmhub",
  ]
  const controllers = programs.startProgram(entry, dir, "controllers", [
    "hub",
    "--kubeconfig",
    hubServer.kubeconfig,
    ...approve,
  ])
  const hub = await connectWith(hubServer.kubeconfig)
  const member = await connectWith(memberServer.kubeconfig)
  const join_ = (cluster: string) => {
    const files = ["--bootstrap-kubeconfig", bootstrap, "--kubeconfig", memberServer.kubeconfig]
    return programs.startProgram(entry, dir, cluster, [
      "join",
      "--cluster-name",
      cluster,
      ...files,
      "--dir",
      join(dir, cluster),
      "--run",
      "-q",
    ])
  }
  const agent = join_(args.cluster)
  await untilAvailable(hub, args.cluster)
  const startAgent = (cluster: string) => {
    const files = ["--bootstrap-kubeconfig", bootstrap, "--spoke-kubeconfig", memberServer.kubeconfig]
    return programs.startProgram(entry, dir, cluster, [
      "agent",
      "--cluster-name",
      cluster,
      ...files,
      "--dir",
      join(dir, cluster),
    ])
  }
  return {
    hub,
    member,
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

async function benchAgent({ hub, startAgent }: Scene, repeats: number): Promise<Row[]> {
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

/** Both kinds of server, one after the other, by the same client. */
async function benchServers(entry: string, dir: string): Promise<string> {
  const figures: Record<string, ApiserverFigures & { ready: number; memory: number | undefined }> = {}
  for (const kind of ["embedded", "kubernetes"] as const) {
    say(`API server: ${kind}`)
    const server = await (kind === "embedded"
      ? programs.startEmbedded(entry, dir, "api-e")
      : programs.startReal(dir, "api-k"))
    const { client, close } = await connectWith(server.kubeconfig)
    const measured = await benchApiserver(client)
    const memory = server.pid === undefined ? undefined : programs.residentMegabytes(server.pid)
    figures[kind] = { ...measured, ready: server.readyMs / 1000, memory }
    close()
    await server.stop()
  }
  const [ours, theirs] = [figures["embedded"]!, figures["kubernetes"]!]
  const line = (what: string, key: keyof ApiserverFigures | "ready", budget: string, lower = false) => {
    const [a, b] = [ours[key], theirs[key]]
    const digits = key === "ready" ? 2 : 0
    return `| ${what} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${(lower ? a / b : a / b).toFixed(2)}× | ${budget} |`
  }
  return [
    "| embedded server against kube-apiserver + etcd | embedded | kube-apiserver | ratio | budget |",
    "| --- | --- | --- | --- | --- |",
    line("start to ready, s", "ready", "≤ 0.3 s", true),
    line("durable creates per second, 64 clients", "create", "≥ 3×"),
    line("merge patches per second", "patch", "≥ 3×"),
    line("applies per second", "apply", "≥ 3×"),
    line("gets per second", "get", "≥ 3×"),
    line("watch events per second, 50 watchers", "watch", "≥ 2.5×"),
    line("list of 4,000 objects, ms", "list", "≤ 0.4×", true),
    `| resident memory afterwards, MB | ${ours.memory?.toFixed(0) ?? "?"} | | | |`,
  ].join("\n")
}

const release = keepAwake()
const dir = mkdtempSync(join(tmpdir(), "hawser-bench-"))
const entry = programs.bundleEntry(resolve(args.bundle))
const given = args["hub-kubeconfig"]
const needsScene = ["work", "fleet", "agent"].some((row) => wanted.has(row))
const rows: Row[] = []
let servers = ""
try {
  if (needsScene) {
    const scene = given === undefined ? await ownScene(entry, dir) : await givenScene(given)
    const { hub, member, hubPid, agentPid } = scene
    if (wanted.has("agent")) {
      say("agent")
      rows.push(...(await benchAgent(scene, 5)))
    }
    if (wanted.has("work") && member !== undefined) {
      say("work")
      rows.push(...(await benchWork(hub.client, member.client, args.cluster, Number(args.repeats))))
    }
    const memory = agentPid === undefined ? undefined : programs.residentMegabytes(agentPid)
    if (memory !== undefined) rows.push({ what: "memory of the agent", unit: "MB", values: [memory], budget: 110 })
    if (wanted.has("fleet")) {
      say("fleet")
      const hubMemory = () => (hubPid === undefined ? undefined : programs.residentMegabytes(hubPid))
      rows.push(...(await benchFleet(hub.client, Number(args.clusters), hubMemory, say)))
    }
    await scene.stop()
  }
  if (wanted.has("apiserver") && given === undefined) servers = await benchServers(entry, dir)
} finally {
  rmSync(dir, { recursive: true, force: true })
  release()
}
if (args.output === "json") process.stdout.write(JSON.stringify({ on: given ?? args.on, rows }, null, 2) + "\n")
else {
  const machine = `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
  process.stdout.write(
    `On ${given === undefined ? args.on : "the hub given"}; ${machine}\n\n${formatRows(rows)}\n${servers}\n`,
  )
}
