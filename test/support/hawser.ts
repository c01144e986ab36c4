// The `hawser` command as tests run it: a process of its own.
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { KubeClient } from "#kube/client.ts"
import { loadKubeconfig, transportOf, type Kubeconfig } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { realClock } from "#lib/clock.ts"
import type { Transport } from "#lib/http.ts"

export const LAUNCHER = fileURLToPath(new URL("../../bin/hawser", import.meta.url))

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs a command to its end, in the folder `cwd`. */
export const hawser = (cwd: string, ...args: string[]): Promise<Ended> => hawserWith({}, cwd, ...args)

/** The same, with more in the environment. */
export function hawserWith(env: Readonly<Record<string, string>>, cwd: string, ...args: string[]): Promise<Ended> {
  return new Promise((done) =>
    execFile(process.execPath, [LAUNCHER, ...args], { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  )
}

/** The process of the fleet that runs from `dir`. */
export const fleetPid = (dir: string) => Number(readFileSync(`${dir}/pid`, "utf8").split(" ")[0])

export type Connected = {
  readonly client: KubeClient
  readonly transport: Transport
  readonly kubeconfig: Kubeconfig
  readonly close: () => void
}

/** As whom the kubeconfig file says. */
export async function connectWith(path: string): Promise<Connected> {
  const kubeconfig = await loadKubeconfig(path, async (file) => readFileSync(file, "utf8"))
  const transport = transportOf(kubeconfig, { clock: realClock })
  const client = newKubeClient({ transport, userAgent: "hawser-test", clock: realClock })
  return { client, transport, kubeconfig, close: () => transport.close() }
}

/** The same connection, as somebody else. */
export const impersonating = ({ transport }: Connected, user: string): KubeClient =>
  newKubeClient({ transport, userAgent: "hawser-test", clock: realClock, headers: { "impersonate-user": user } })

export type Running = {
  /** What it has written so far, to stdout and stderr. */
  readonly output: () => string
  /** Interrupts it as Ctrl-C does. @returns its exit code, null when a signal ended it */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
  /** Its exit code, once it has ended by itself. */
  readonly ended: Promise<number | null>
}

/** Starts a command that runs until it is told to end. */
export function startHawser(cwd: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, "exit").then(() => child.exitCode)
  return {
    output: () => output,
    stop: async (signal = "SIGINT") => {
      child.kill(signal)
      return ended
    },
    ended,
  }
}
