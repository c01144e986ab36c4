/**
 * `npm run test:crash [-- --kills N] [--seed S] [--report FILE]`: kills the API server N times under load (200), then traces the
 * system calls of the storage under load. Exits non-zero when anything is not as it was promised.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import { crashAgainAndAgain } from "./scene.ts"
import { checkSyncs, type SyncReport } from "./sync-trace.ts"

/** Acknowledgements that are traced; every one brings pages of text with it. */
const TRACED = 2_000
const WRITER = join(import.meta.dirname, "../../src/apiserver/storage/testdata/writer.ts")

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    report: { type: "string" },
  },
})

/** @returns undefined when strace is not there */
async function traceSyncs(): Promise<SyncReport | undefined> {
  if (spawnSync("strace", ["-V"]).status !== 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), "hawser-strace-"))
  const trace = join(folder, "trace")
  try {
    const calls = "trace=pwrite64,write,fsync,fdatasync"
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", WRITER, join(folder, "state.db")]
    const writer = spawn("strace", ["-f", "-y", "-s", "5000", "-o", trace, "-e", calls, ...node], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    })
    let told = 0
    writer.stdout.on("data", (chunk: Buffer) => {
      const before = told
      told += chunk.toString().split("\n").length - 1
      // The tracer and what it traces are a group of their own.
      if (before <= TRACED && told > TRACED) process.kill(-writer.pid!, "SIGKILL")
    })
    await once(writer, "close")
    const lines: string[] = []
    for await (const line of createInterface({ input: createReadStream(trace, "latin1") })) lines.push(line)
    return checkSyncs(lines)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const started = performance.now()
const say = (line: string) => void process.stdout.write(`${line}\n`)
say(`seed ${values.seed}`)
const crashes = await crashAgainAndAgain({ kills: Number(values.kills), seed: Number(values.seed), say })
const syncs = await traceSyncs()
const minutes = ((performance.now() - started) / 60_000).toFixed(1)

const lines = [
  `# Crash tests, ${new Date().toISOString().slice(0, 10)}`,
  "",
  `\`npm run test:crash -- --kills ${values.kills} --seed ${values.seed}\`, Node ${process.version}, ${cpus().length} processors, ${minutes} minutes.`,
  "16 writers create, change and delete their objects over TLS, 5 watchers follow them, and the server's process gets SIGKILL at a",
  "random moment; it starts again on the same folder and is compared with what its clients had been told.",
  "",
  "| what | count |",
  "| --- | --- |",
  `| kills under load | ${crashes.kills} |`,
  `| further kills while the server started | ${crashes.killsAtStart} |`,
  `| acknowledged writes that were looked for | ${crashes.acknowledged} |`,
  `| watches that went on where they were | ${crashes.resumed} |`,
  `| watches that got 410 (leases may be lost in a crash) | ${crashes.expired} |`,
  `| lost or half writes, resourceVersions that went back, gaps in watches | ${crashes.problems.length} |`,
  ...(syncs === undefined
    ? []
    : [
        `| acknowledgements traced with strace | ${syncs.acknowledgements} |`,
        `| completed syncs in the trace | ${syncs.syncs} |`,
        `| acknowledgements before a completed sync of their data | ${syncs.unsynced.length} |`,
      ]),
  "",
  ...(syncs === undefined ? ["**strace was not there: that acknowledgements follow a sync was not shown.**", ""] : []),
  ...crashes.problems.map((problem) => `- ${problem}`),
]
say(lines.join("\n"))
if (values.report !== undefined) writeFileSync(values.report, lines.join("\n").trimEnd() + "\n")
const traced = syncs === undefined || (syncs.unsynced.length === 0 && syncs.acknowledgements >= TRACED / 2)
if (crashes.problems.length > 0 || !traced) process.exitCode = 1
