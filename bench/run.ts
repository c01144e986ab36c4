/**
 * `npm run bench`: the rows of the design's budgets that apply to what is built.
 *
 *     npm run bench -- [--on embedded|kubernetes]      hub, member and agent started here, as processes of the release bundle
 *     npm run bench -- --hub-kubeconfig K --member-kubeconfig M --cluster C      against what runs already; the last two may be
 *                                                      repeated, and memory needs --hub-pid P and --agent-pid P
 *
 * Further: --rows work,fleet,agent,live,apiserver,watchers,up (what applies), --clusters N (1000), --repeats N (20), --rounds N (3, of API
 * servers), --bundle FOLDER (dist, built when it is missing), -o markdown|json (markdown), --raw FILE for every single figure
 * beside the tables.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { cpus, tmpdir, totalmem } from "node:os"
import { dirname, join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { keepAwake } from "#lib/clock.ts"
import { benchFleet } from "./fleet.ts"
import { benchLive } from "./live.ts"
import { formatRows, type Row } from "./measure.ts"
import { bundleEntry, residentMegabytes, stopAll } from "./programs.ts"
import { benchAgent, givenScene, ownScene, type Scene } from "./scene.ts"
import { benchGivenServer, benchServers, formatServers, type ServerRounds } from "./servers.ts"
import { benchUp } from "./up.ts"
import { benchWatchers } from "./watchers.ts"
import { benchWork } from "./work.ts"

const { values: args } = parseArgs({
  options: {
    on: { type: "string", default: "embedded" },
    "hub-kubeconfig": { type: "string" },
    "member-kubeconfig": { type: "string", multiple: true, default: [] },
    cluster: { type: "string", multiple: true, default: [] },
    clusters: { type: "string", default: "1000" },
    repeats: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    rows: { type: "string" },
    "hub-pid": { type: "string" },
    "agent-pid": { type: "string" },
    bundle: { type: "string", default: join(import.meta.dirname, "../dist") },
    output: { type: "string", short: "o", default: "markdown" },
    raw: { type: "string" },
  },
})
const hubKubeconfig = args["hub-kubeconfig"]
const isGiven = hubKubeconfig !== undefined
/** Agents, other servers and fleets are not started beside what somebody else runs. */
const APPLICABLE = isGiven
  ? ["work", "fleet", "apiserver"]
  : ["agent", "work", "fleet", "live", "apiserver", "watchers", "up"]
const wanted = new Set(args.rows?.split(",") ?? APPLICABLE)
const [clusterCount, repeats, rounds] = [args.clusters, args.repeats, args.rounds].map(Number) as [
  number,
  number,
  number,
]
const refusal = refuse()
if (refusal !== undefined) {
  process.stderr.write(`bench: ${refusal}\n`)
  process.exit(2)
}

function refuse(): string | undefined {
  for (const row of wanted) if (!APPLICABLE.includes(row)) return `Cannot measure "${row}": want some of ${APPLICABLE}`
  if (args.on !== "embedded" && args.on !== "kubernetes")
    return `Cannot run on "${args.on}": want embedded or kubernetes`
  if (args.output !== "markdown" && args.output !== "json")
    return `Cannot print "${args.output}": want markdown or json`
  if (![clusterCount, repeats, rounds].every((n) => Number.isInteger(n) && n > 0)) return "Want whole numbers above 0"
  if (args["member-kubeconfig"].length !== args.cluster.length) return "Want one --cluster for each --member-kubeconfig"
  if (!isGiven && args.cluster.length > 0) return "Cannot use a member without its hub: want --hub-kubeconfig too"
  return undefined
}

const say = (line: string) => process.stderr.write(`${line}\n`)
const pidOf = (text: string | undefined) => (text === undefined ? undefined : Number(text))
const entryOf = () => bundleEntry(resolve(args.bundle))

async function openScene(dir: string): Promise<Scene> {
  if (!isGiven) return ownScene(entryOf(), dir, args.on === "kubernetes" ? "kubernetes" : "embedded")
  const [hubPid, agentPid] = [pidOf(args["hub-pid"]), pidOf(args["agent-pid"])]
  return givenScene({
    hubKubeconfig,
    memberKubeconfigs: args["member-kubeconfig"],
    clusters: args.cluster,
    ...(hubPid !== undefined && { hubPid }),
    ...(agentPid !== undefined && { agentPid }),
  })
}

async function benchScene(scene: Scene): Promise<Row[]> {
  const { hub, members, hubPid, agentPid } = scene
  const rows: Row[] = []
  if (wanted.has("agent")) {
    say("agent")
    rows.push(...(await benchAgent(scene, 5)))
  }
  for (const { cluster, connected } of wanted.has("work") ? members : []) {
    say(`work on ${cluster}`)
    const more = await benchWork(hub.client, connected.client, cluster, repeats)
    rows.push(...more.map((row) => (members.length === 1 ? row : { ...row, what: `${cluster}: ${row.what}` })))
  }
  const memory = agentPid === undefined ? undefined : residentMegabytes([agentPid])
  if (memory !== undefined) rows.push({ what: "memory of the agent", unit: "MB", values: [memory], budget: 110 })
  if (wanted.has("fleet")) {
    say("fleet")
    const hubMemory = () => (hubPid === undefined ? undefined : residentMegabytes([hubPid]))
    rows.push(...(await benchFleet(hub.client, clusterCount, hubMemory, say)))
  }
  return rows
}

async function measure(dir: string): Promise<{ rows: Row[]; servers: ServerRounds | undefined }> {
  const rows: Row[] = []
  let servers: ServerRounds | undefined
  if (isGiven || ["work", "fleet", "agent"].some((row) => wanted.has(row))) {
    const scene = await openScene(dir)
    rows.push(...(await benchScene(scene)))
    if (isGiven && wanted.has("apiserver")) servers = await benchGivenServer(scene.hub, dir)
    await scene.stop()
  }
  if (wanted.has("live")) {
    say("live")
    const on = args.on === "kubernetes" ? "kubernetes" : "embedded"
    rows.push(...(await benchLive(entryOf(), join(dir, "live"), on, clusterCount, say)))
  }
  if (wanted.has("up")) {
    say("up")
    rows.push(...(await benchUp(entryOf(), join(dir, "up"), 3, clusterCount)))
  }
  if (wanted.has("watchers")) {
    say("watchers")
    rows.push(...(await benchWatchers(join(dirname(entryOf()), "bin/hawser"), join(dir, "watchers"), rounds)))
  }
  if (!isGiven && wanted.has("apiserver")) servers = await benchServers(entryOf(), dir, rounds, say)
  return { rows, servers }
}

/** JSON, a row to a line. */
function rawText({
  on,
  rows,
  servers,
}: {
  on: string
  rows: readonly Row[]
  servers: ServerRounds | undefined
}): string {
  const short = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(4)))
  const lines = rows.map((row) => JSON.stringify({ ...row, values: short(row.values) }))
  const rest = servers === undefined ? "" : `,\n"servers": ${JSON.stringify(servers, null, 1)}`
  return `{"on": ${JSON.stringify(on)},\n"rows": [${lines.length === 0 ? "" : `\n${lines.join(",\n")}\n`}]${rest}}\n`
}

process.once("SIGINT", () => void stopAll().then(() => process.exit(130)))
const release = keepAwake()
const dir = mkdtempSync(join(tmpdir(), "hawser-bench-"))
try {
  const { rows, servers } = await measure(dir)
  const on = isGiven ? "the hub given" : args.on
  const raw = rawText({ on, rows, servers })
  if (args.raw !== undefined) writeFileSync(args.raw, raw)
  if (args.output === "json") process.stdout.write(raw)
  else {
    const machine = `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
    const tables = [
      ...(rows.length === 0 ? [] : [formatRows(rows)]),
      ...(servers === undefined ? [] : [formatServers(servers)]),
    ]
    process.stdout.write([`On ${on}; ${machine}\n`, ...tables].join("\n"))
  }
} finally {
  await stopAll()
  rmSync(dir, { recursive: true, force: true })
  release()
}
