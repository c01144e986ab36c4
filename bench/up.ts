// The rows about `hawser up`: from the command to a fleet that works, and what a large one takes.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fleetPid } from "../test/support/hawser.ts"
import { nowMs, type Row } from "./measure.ts"
import * as programs from "./programs.ts"

const SMALL = 3

/** @param count  members of the large fleet; a sample application runs on each member of the small one only */
export async function benchUp(entry: string, dir: string, repeats: number, count: number): Promise<Row[]> {
  mkdirSync(dir, { recursive: true })
  const small: number[] = []
  const resumed: number[] = []
  const memory: number[] = []
  for (let i = 0; i < repeats; i++) {
    const fleet = `small-${i}`
    small.push(up(entry, dir, fleet, ["--clusters", String(SMALL)]))
    memory.push(programs.residentMegabytes([fleetPid(join(dir, fleet))]) ?? Number.NaN)
    down(entry, dir, fleet)
    resumed.push(up(entry, dir, fleet, ["--clusters", String(SMALL)]))
    down(entry, dir, fleet)
  }
  const large = up(entry, dir, "large", ["--clusters", String(count), "--no-sample"])
  const largeMemory = programs.residentMegabytes([fleetPid(join(dir, "large"))]) ?? Number.NaN
  down(entry, dir, "large")
  const rows: Row[] = [
    { what: `hawser up --clusters ${SMALL} → joined, sample Available`, unit: "s", values: small, budget: 10 },
    { what: `the same again in the same folder`, unit: "s", values: resumed },
    { what: `memory of that one process, hub and ${SMALL} members`, unit: "MB", values: memory },
    { what: `hawser up --clusters ${count} → all joined`, unit: "s", values: [large] },
    { what: `memory of that one process`, unit: "MB", values: [largeMemory], budget: 4096 },
  ]
  return rows.filter((row) => !row.values.some(Number.isNaN))
}

/** @returns seconds until it detached */
function up(entry: string, dir: string, fleet: string, more: readonly string[]): number {
  const started = nowMs()
  try {
    programs.runProgram(entry, dir, ["up", "--detach", "--dir", join(dir, fleet), ...more])
  } catch (error) {
    down(entry, dir, fleet)
    throw error
  }
  return (nowMs() - started) / 1000
}

const down = (entry: string, dir: string, fleet: string) =>
  programs.runProgram(entry, dir, ["down", "--dir", join(dir, fleet)])
