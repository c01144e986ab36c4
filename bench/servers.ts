// The embedded API server beside kube-apiserver with etcd, or the one that was given alone.
import type { Connected } from "../test/support/hawser.ts"
import { connectWith } from "../test/support/hawser.ts"
import { benchApiserver, cleanApiserver, type ApiserverFigures } from "./apiserver.ts"
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

const LINES: readonly Line[] = [
  { what: "start to ready, s", key: "ready", digits: 2, limit: 0.3 },
  { what: "durable creates per second, 64 at a time", key: "create", digits: 0, share: 3 },
  { what: "merge patches per second", key: "patch", digits: 0, share: 3 },
  { what: "applies per second", key: "apply", digits: 0, share: 3 },
  { what: "gets per second", key: "get", digits: 0, share: 3 },
  { what: "events per second to 200 watchers", key: "watch", digits: 0, share: 2.5 },
  { what: "list of 10,000 objects, ms", key: "list", digits: 0, share: 0.4 },
  { what: "resident memory after all that, MB", key: "memory", digits: 0, share: 1 / 3 },
]

/** Fresh servers of both kinds in turn, so many times. */
export async function benchServers(
  entry: string,
  dir: string,
  rounds: number,
  say: (line: string) => void,
): Promise<ServerRounds> {
  const figures = { embedded: [] as Figures[], kubernetes: [] as Figures[] }
  for (let round = 0; round < rounds; round++) {
    for (const kind of ["embedded", "kubernetes"] as const) {
      say(`API server: ${kind}, round ${round + 1} of ${rounds}`)
      const name = `api-${kind}-${round}`
      const server = await (kind === "embedded"
        ? programs.startEmbedded(entry, dir, name)
        : programs.startReal(dir, name))
      const connected = await connectWith(server.kubeconfig)
      const measured = await benchApiserver(connected)
      const memory = programs.residentMegabytes(server.pids)
      figures[kind].push({ ...measured, ready: server.readyMs / 1000, ...(memory !== undefined && { memory }) })
      connected.close()
      await server.stop()
    }
  }
  return figures
}

export async function benchGivenServer(connected: Connected): Promise<ServerRounds> {
  const figures = await benchApiserver(connected)
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
