// A server in a process of its own that can be killed.
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

const ENTRY = join(import.meta.dirname, "../../src/cmd/hawser.ts")

export type ServerProcess = {
  readonly child: ChildProcess
  /** Resolves when it serves; rejects when it ends before that. */
  readonly ready: Promise<void>
  /** SIGKILL, at once. Resolves when it is gone. */
  readonly kill: () => Promise<void>
}

/** Starts `hawser apiserver` on a folder. */
export function startServer(dir: string): ServerProcess {
  const args = ["--disable-warning=ExperimentalWarning", ENTRY, "apiserver", "--dir", dir]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "exit")
  let output = ""
  const ready = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes("Kubeconfig ")) resolve()
    }
    child.stdout.on("data", take)
    child.stderr.on("data", take)
    child.on("exit", () => reject(new Error(`the server ended: ${output}`)))
  })
  // Whoever kills it before it serves does not ask.
  ready.catch(() => undefined)
  return {
    child,
    ready,
    kill: async () => {
      child.kill("SIGKILL")
      await ended
    },
  }
}
