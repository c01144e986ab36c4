// The `hawser` command: knows all layers, and loads of them what the command at hand needs.
import { readFile, writeFile } from "node:fs/promises"
import { runProgram } from "#cli/program.ts"
import type { Roots } from "#cli/roots.ts"
import type { Terminal } from "#cli/terminal.ts"
import { keepAwake, realClock } from "#lib/clock.ts"

const roots: Roots = {
  up: async (...call) => (await import("./up.ts")).runUp(...call),
  down: async (...call) => (await import("./down.ts")).runDown(...call),
  apiserver: async (...call) => (await import("./apiserver.ts")).runApiserver(...call),
  hub: async (...call) => (await import("./hub.ts")).runHub(...call),
  agent: async (...call) => (await import("./agent.ts")).runAgent(...call),
  init: async (...call) => (await import("./init.ts")).runInit(...call),
  import: async (...call) => (await import("./import.ts")).runImport(...call),
  join: async (...call) => (await import("./join.ts")).runJoin(...call),
  token: async (...call) => (await import("./token.ts")).runToken(...call),
  tokenCreate: async (...call) => (await import("./bound-token.ts")).runTokenCreate(...call),
  tokenList: async (...call) => (await import("./bound-token.ts")).runTokenList(...call),
  tokenRevoke: async (...call) => (await import("./bound-token.ts")).runTokenRevoke(...call),
  members: async (...call) => (await import("./members-only.ts")).runMembers(...call),
  backup: async (...call) => (await import("./backup.ts")).runBackup(...call),
  restore: async (...call) => (await import("./restore.ts")).runRestore(...call),
  check: async (...call) => (await import("./check.ts")).runCheck(...call),
  reencrypt: async (...call) => (await import("./check.ts")).runReencrypt(...call),
}

// `hawser … | head` has read enough: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

const interrupted = new AbortController()
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait for a clean end.
    if (interrupted.signal.aborted) process.exit(130)
    interrupted.abort(new Error(`interrupted by ${signal}`))
  })
}

const terminal: Terminal = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true,
  env: process.env,
  cwd: process.cwd(),
  clock: realClock,
  readFile: (path) => readFile(path, "utf8"),
  readStdin: async () => {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString("utf8")
  },
  writeFile: (path, text) => writeFile(path, text),
  interrupted: interrupted.signal,
}

// A command that only waits has nothing else that holds the process.
const release = keepAwake()
process.exitCode = await runProgram(roots, terminal, process.argv.slice(2))
release()
