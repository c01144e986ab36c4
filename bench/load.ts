// The load generator: a small Go program, because one in Node would take as long for a request as the servers do.
import { execFile, spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Kubeconfig } from "#kube/kubeconfig.ts"

const SOURCE = join(import.meta.dirname, "load")

export type LoadRow = "create" | "get" | "patch" | "apply" | "list" | "watch"

/** What one run managed. */
export type LoadResult = {
  readonly row: LoadRow
  /** Operations, or events that all watchers together were told. */
  readonly count: number
  readonly seconds: number
  /** Processor time that the generator took for itself. */
  readonly cpuSeconds: number
}

/** Puts the program in `dir`. @throws with the next step when there is no Go or it does not build */
export function buildLoad(dir: string): string {
  const program = join(dir, "load")
  if (existsSync(program) && statSync(program).mtimeMs > statSync(join(SOURCE, "main.go")).mtimeMs) return program
  const build = spawnSync("go", ["build", "-trimpath", "-o", program, "."], { cwd: SOURCE, encoding: "utf8" })
  if (build.error !== undefined) {
    throw new Error(
      "Cannot build the load generator: no Go on this machine. Install Go 1.25 or later, or leave the row apiserver out",
    )
  }
  if (build.status !== 0) throw new Error(`Cannot build the load generator: ${build.stderr}`)
  return program
}

/** Writes what the generator needs to know of a server. */
export function writeTarget(file: string, { server, ca, cert, key, token }: Kubeconfig): string {
  writeFileSync(file, JSON.stringify({ server, ca, cert, key, token }), { mode: 0o600 })
  return file
}

/** @param target  a file of `writeTarget` */
export async function runLoad(
  program: string,
  target: string,
  options: { readonly namespace: string; readonly row: LoadRow } & Readonly<Record<"count" | "clients", number>> & {
      readonly watchers?: number
    },
): Promise<LoadResult> {
  const args = Object.entries({ kubeconfig: target, ...options }).flatMap(([name, value]) => [
    `-${name}`,
    String(value),
  ])
  const { stdout } = await promisify(execFile)(program, args)
  return JSON.parse(stdout) as LoadResult
}

/** Seconds of processor time that some processes have taken, undefined where /proc does not tell. */
export function cpuSeconds(pids: readonly number[]): number | undefined {
  if (pids.length === 0) return undefined
  try {
    const ticks = pids.map((pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
      const [user, system] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 13)
      return Number(user) + Number(system)
    })
    return ticks.reduce((a, b) => a + b, 0) / 100
  } catch {
    return undefined
  }
}
