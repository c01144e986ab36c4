// The rows about a live fleet: members with agents in a process of their own, each with works, joined to one hub.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import type { KubeClient } from "#kube/client.ts"
import { realClock, sleep } from "#lib/clock.ts"
import { connectWith } from "../test/support/hawser.ts"
import { Following } from "./await-watch.ts"
import { inLanes, nowMs, type Row } from "./measure.ts"
import * as programs from "./programs.ts"

const WORKS = 10
/** How long the fleet is left alone before it is measured, and for how long it is. */
const SETTLE_MS = 30_000
const STEADY_MS = 60_000
/** Of the kernel's accounts of processor time: ticks in a second. */
const TICKS = 100

export async function benchLive(
  entry: string,
  dir: string,
  on: "embedded" | "kubernetes",
  count: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = []
  const told = (row: Row) => {
    rows.push(row)
    say(`  ${row.what}: ${row.values.map((value) => value.toFixed(2)).join(" ")} ${row.unit}`)
  }
  const start = () =>
    on === "kubernetes" ? programs.startReal(dir, "live-hub") : programs.startEmbedded(entry, dir, "live-hub")
  let server = await start()
  programs.runProgram(entry, dir, ["init", "--kubeconfig", server.kubeconfig, "-q"])
  const controllers = programs.startProgram(entry, dir, "live-controllers", ["hub", "--kubeconfig", server.kubeconfig])
  const hub = await connectWith(server.kubeconfig)
  const clusters = Array.from({ length: count }, (_, i) => `cluster${i + 1}`)

  let started = nowMs()
  const args = [
    "members",
    "--clusters",
    String(count),
    "--hub-kubeconfig",
    server.kubeconfig,
    "--dir",
    join(dir, "live"),
  ]
  const members = programs.startProgram(entry, dir, "live-members", args)
  await untilSaid(join(dir, "live-members.log"), new RegExp(`✓ ${count} clusters joined`), members)
  told({ what: `${count} agents of one process started → joined`, unit: "s", values: [(nowMs() - started) / 1000] })

  const works = await Following.start(hub.client, MANIFEST_WORKS)
  const keys = clusters.flatMap((cluster) => Array.from({ length: WORKS }, (_, i) => [cluster, `w${i}`] as const))
  started = nowMs()
  await inLanes(keys, ([cluster, name]) => hub.client.create(MANIFEST_WORKS, work(cluster, name)))
  const written = nowMs()
  await Promise.all(keys.map(([cluster, name]) => works.until(`${cluster}/${name}`, isApplied(1))))
  told({
    what: `${WORKS} works for each of ${count} agents → all Applied`,
    unit: "s",
    values: [(nowMs() - started) / 1000],
    note: `the creates took ${((written - started) / 1000).toFixed(1)} s`,
  })

  await sleep(realClock, SETTLE_MS)
  const parts = {
    "the hub's controllers": [controllers.pid],
    "the hub's API server": server.pids,
    [`the ${count} members`]: [members.pid],
  }
  const before = Object.values(parts).map(processorSeconds)
  await sleep(realClock, STEADY_MS)
  for (const [i, [what, pids]] of Object.entries(parts).entries()) {
    const cores = (processorSeconds(pids) - before[i]!) / (STEADY_MS / 1000)
    told({
      what: `${what}, steady`,
      unit: "cores",
      values: [cores],
      ...(i === 0 ? { budget: 0.5, note: "over a minute in which nothing changes" } : {}),
    })
    const memory = programs.residentMegabytes(pids)
    if (memory !== undefined) told({ what: `memory of ${what}`, unit: "MB", values: [memory] })
  }

  works.stop()
  hub.close()
  if (on === "embedded") told(await reconnect())
  for (const { stop } of [members, controllers, server]) await stop()
  return rows

  /** The hub's API server ends and comes back; then one work of every cluster changes. */
  async function reconnect(): Promise<Row> {
    await server.stop()
    await sleep(realClock, 5_000)
    server = await start()
    const again = await connectWith(server.kubeconfig)
    await untilAnswered(again.client)
    const following = await Following.start(again.client, MANIFEST_WORKS)
    const since = nowMs()
    await inLanes(clusters, (cluster) =>
      again.client.patch(
        MANIFEST_WORKS,
        { namespace: cluster, name: "w0" },
        { merge: { spec: { workload: { manifests: [configMap("w0", "changed")] } } } },
      ),
    )
    await Promise.all(clusters.map((cluster) => following.until(`${cluster}/w0`, isApplied(2))))
    const settled = (nowMs() - since) / 1000
    following.stop()
    again.close()
    return {
      what: `${count} agents reconnect at once, a work of each changed → all Applied`,
      unit: "s",
      values: [settled],
      budget: 60,
      note: "from when the API server is back after 5 s",
    }
  }
}

const configMap = (name: string, value: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { value },
})

const work = (namespace: string, name: string): ManifestWork => ({
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: { namespace, name },
  spec: { workload: { manifests: [configMap(name, "first")] } },
})

const isApplied = (generation: number) => (found: ManifestWork | undefined) => {
  const applied = findCondition(found?.status?.conditions, "Applied")
  return applied?.status === "True" && (applied.observedGeneration ?? 0) >= generation
}

/** User and system time that processes have used, from the kernel's accounts. */
function processorSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((a, b) => a + b, 0) / TICKS
}

async function untilAnswered(client: KubeClient): Promise<void> {
  const isThere = () =>
    client.get(NAMESPACES, { name: "default" }).then(
      () => true,
      () => false,
    )
  while (!(await isThere())) await sleep(realClock, 20)
}

async function untilSaid(log: string, what: RegExp, program: programs.Program): Promise<void> {
  while (!what.test(readFileSync(log, "utf8"))) {
    if (!program.isRunning()) throw new Error(`Cannot go on: a program ended, see ${log}`)
    await sleep(realClock, 20)
  }
}
