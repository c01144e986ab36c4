// The embedded API server beside kube-apiserver with etcd, or the one that was given alone.
import { dirname, join } from "node:path"
import type { Connected } from "../test/support/hawser.ts"
import { connectWith } from "../test/support/hawser.ts"
import { benchApiserver, cleanApiserver, type ApiserverFigures } from "./apiserver.ts"
import { buildLoad, writeTarget } from "./load.ts"
import { percentile } from "./measure.ts"
import * as programs from "./programs.ts"

type Figures = ApiserverFigures & { readonly ready?: number; readonly memory?: number }
type Kind = "embedded" | "kubernetes" | "given"

/** Raw figures of every round, by the kind of server. */
export type ServerRounds = Partial<Record<Kind, readonly Figures[]>>

type Line = {
  readonly what: string
  readonly key: keyof Figures
  readonly digits: number
  /** At most (`share` < 1) or at least this many times the other's figure. */
  readonly share?: number
  /** At most, in the line's unit. */
  readonly limit?: number
}

const rate = (what: string, key: keyof Figures, share = 3): Line => ({ what, key, digits: 0, share })
/** Of the server's processor time, in microseconds. */
const cpu = (what: string, key: keyof Figures): Line => ({
  what: `processor time of ${what}, µs`,
  key,
  digits: 0,
  share: 1 / 3,
})

const LINES: readonly Line[] = [
  { what: "start to ready, s", key: "ready", digits: 2, limit: 0.3 },
  rate("durable creates per second, 32 at a time", "create"),
  rate("merge patches per second", "patch"),
  rate("applies per second", "apply"),
  rate("gets per second", "get"),
  rate("events per second to 200 watchers", "watch", 2.5),
  { what: "list of 10,000 objects, ms", key: "list", digits: 0, share: 0.4 },
  cpu("a create", "createCpu"),
  cpu("a patch", "patchCpu"),
  cpu("an apply", "applyCpu"),
  cpu("a get", "getCpu"),
  { ...cpu("an event to one watcher", "watchCpu"), digits: 1 },
  cpu("a list", "listCpu"),
  { what: "resident memory after all that, MB", key: "memory", digits: 0, share: 1 / 3 },
  { what: "the generator's share of the processor time", key: "generatorShare", digits: 2 },
]

/** Fresh servers of both kinds in turn, so many times. */
export async function benchServers(
  entry: string,
  dir: string,
  rounds: number,
  say: (line: string) => void,
): Promise<ServerRounds> {
  const figures = { embedded: [] as Figures[], kubernetes: [] as Figures[] }
  const generator = buildLoad(dir)
  for (let round = 0; round < rounds; round++) {
    for (const kind of ["embedded", "kubernetes"] as const) {
      say(`API server: ${kind}, round ${round + 1} of ${rounds}`)
      const name = `api-${kind}-${round}`
      const server = await (kind === "embedded"
        ? programs.startEmbedded(join(dirname(entry), "bin/hawser"), dir, name)
        : programs.startReal(dir, name))
      const connected = await connectWith(server.kubeconfig)
      const target = writeTarget(join(dir, `${name}.json`), connected.kubeconfig)
      const measured = await benchApiserver(connected, generator, target, server.pids)
      const memory = programs.residentMegabytes(server.pids)
      figures[kind].push({ ...measured, ready: server.readyMs / 1000, ...(memory !== undefined && { memory }) })
      connected.close()
      await server.stop()
    }
  }
  return figures
}

export async function benchGivenServer(connected: Connected, dir: string): Promise<ServerRounds> {
  const target = writeTarget(join(dir, "given.json"), connected.kubeconfig)
  const figures = await benchApiserver(connected, buildLoad(dir), target, [])
  await cleanApiserver(connected)
  return { given: [figures] }
}

/** A table in Markdown: medians of the rounds, and how one kind stands to the other. */
export function formatServers(rounds: ServerRounds): string {
  const kinds = (["embedded", "kubernetes", "given"] as const).filter((kind) => rounds[kind] !== undefined)
  const compared = kinds.length === 2
  const titles = { embedded: "embedded", kubernetes: "kube-apiserver + etcd", given: "the server given" }
  const head = ["API server", ...kinds.map((kind) => titles[kind]), ...(compared ? ["ratio", "budget", ""] : [])]
  const lines = LINES.map((line) => {
    const medians = kinds.map((kind) => median(rounds[kind] ?? [], line.key))
    const cells = medians.map((value) => (Number.isNaN(value) ? "" : value.toFixed(line.digits)))
    const [ours, theirs] = medians
    if (line.share === undefined && line.limit === undefined)
      return [line.what, ...cells, ...(compared ? ["", "", ""] : [])]
    if (!compared || ours === undefined || theirs === undefined) return [line.what, ...cells]
    return [line.what, ...cells, `${(ours / theirs).toFixed(2)}×`, ...verdictOf(line, ours, ours / theirs)]
  })
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n") + "\n"
}

function verdictOf({ share, limit }: Line, ours: number, ratio: number): string[] {
  if (limit !== undefined) return [`≤ ${limit} s`, ours <= limit ? "met" : "**missed**"]
  if (share === undefined) return ["", ""]
  if (share >= 1) return [`≥ ${share}×`, ratio >= share ? "met" : "**missed**"]
  return [`≤ ${share.toFixed(2)}×`, ratio <= share ? "met" : "**missed**"]
}

const median = (figures: readonly Figures[], key: keyof Figures) =>
  percentile(
    figures.map((round) => round[key]).filter((value) => value !== undefined),
    0.5,
  )
