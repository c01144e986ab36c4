// Many watchers at once: what they cost the API server's process in memory.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { connectWith } from "../test/support/hawser.ts"
import { buildLoad, runLoad, writeTarget } from "./load.ts"
import type { Row } from "./measure.ts"
import { residentMegabytes, startEmbedded } from "./programs.ts"

const WATCHERS = 5_000
const CONNECTIONS = 500
/** Each watcher is told each of them. */
const CHANGES = 100
const OBJECTS = 1_000
/** With all of them connected, after they have been told everything. */
const BUDGET_MEGABYTES = 300

export async function benchWatchers(entry: string, dir: string, rounds: number): Promise<Row[]> {
  const generator = buildLoad(dir)
  const values: number[] = []
  const told: number[] = []
  for (let round = 0; round < rounds; round++) {
    const server = await startEmbedded(entry, dir, `watchers-${round}`)
    const connected = await connectWith(server.kubeconfig)
    const namespace = "watched"
    await connected.client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
    const target = writeTarget(join(dir, `watchers-${round}.json`), connected.kubeconfig)
    await runLoad(generator, target, { namespace, row: "create", count: OBJECTS, clients: 32 })
    const { seconds, memory } = await holdWatches(generator, target, namespace, () => residentMegabytes(server.pids))
    told.push(seconds)
    if (memory !== undefined) values.push(memory)
    connected.close()
    await server.stop()
  }
  const what = `${WATCHERS} watchers over ${CONNECTIONS} connections`
  return [
    { what: `memory of an API server with ${what}`, unit: "MB", values, budget: BUDGET_MEGABYTES },
    { what: `${CHANGES} changes told to ${what}`, unit: "s", values: told },
  ]
}

/** @param measure  called while all watches are open and have been told everything */
async function holdWatches(generator: string, target: string, namespace: string, measure: () => number | undefined) {
  const options = { kubeconfig: target, namespace, row: "watch", count: CHANGES, watchers: WATCHERS, connections: CONNECTIONS } // prettier-ignore
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)])
  const child = spawn(generator, [...args, "-hold"], { stdio: ["pipe", "pipe", "inherit"] })
  const exited = once(child, "exit")
  const [line] = (await Promise.race([once(child.stdout, "data"), exited])) as [unknown]
  if (!Buffer.isBuffer(line)) throw new Error(`Cannot hold ${WATCHERS} watches: the generator ended`)
  const memory = measure()
  child.stdin.end()
  await exited
  return { seconds: (JSON.parse(line.toString()) as { seconds: number }).seconds, memory }
}
