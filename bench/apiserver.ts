// The rows about an API server by itself: one generator drives either kind of server on the same machine.
import { NAMESPACES } from "#api/kubernetes/core.ts"
import type { Connected } from "../test/support/hawser.ts"
import { cpuSeconds, runLoad, type LoadResult, type LoadRow } from "./load.ts"

const CLIENTS = 32
const OBJECTS = 10_000
const WATCHERS = 200

/** In this order: what is read was created before. A watch's count is of the changes that each watcher is told. */
const RUNS: readonly { readonly row: LoadRow; readonly count: number }[] = [
  { row: "create", count: OBJECTS },
  { row: "get", count: 8_000 },
  { row: "patch", count: 4_000 },
  { row: "apply", count: 4_000 },
  { row: "list", count: 10 },
  { row: "watch", count: 500 },
]

/** Operations or events per second, milliseconds for a list, and microseconds of the server's processor time for one of each. */
export type ApiserverFigures = Readonly<Partial<Record<LoadRow | `${LoadRow}Cpu`, number>>> & {
  /** The generator's part of the processor time that it and the server took, 0 to 1. */
  readonly generatorShare?: number
}

/**
 * @param program  the generator
 * @param target  of the same server as `client`
 * @param pids  the server's processes, none where they cannot be told
 */
export async function benchApiserver(
  { client }: Connected,
  program: string,
  target: string,
  pids: readonly number[],
): Promise<ApiserverFigures> {
  const namespace = namespaceName()
  await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  const figures: Record<string, number> = {}
  let [ours, theirs] = [0, 0]
  for (const { row, count } of RUNS) {
    const before = cpuSeconds(pids)
    const result = await runLoad(program, target, { namespace, row, count, clients: CLIENTS, watchers: WATCHERS })
    const after = cpuSeconds(pids)
    figures[row] = rateOf(result)
    if (before === undefined || after === undefined) continue
    figures[`${row}Cpu`] = ((after - before) * 1e6) / result.count
    ours += result.cpuSeconds
    theirs += after - before
  }
  return { ...figures, ...(theirs > 0 && { generatorShare: ours / (ours + theirs) }) }
}

const rateOf = ({ row, count, seconds }: LoadResult) => (row === "list" ? (seconds * 1000) / count : count / seconds)

/** Removes what the figures were taken on. */
export async function cleanApiserver({ client }: Connected): Promise<void> {
  await client.delete(NAMESPACES, { name: namespaceName() })
}

const namespaceName = () => `bench-api-${process.pid}`
