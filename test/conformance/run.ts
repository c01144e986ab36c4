// `npm run test:conformance [-- FOCUS]`: Kubernetes' own conformance tests against the embedded API server.
//
// Builds their program once, with the ordinary Go client. FOCUS is a regular expression over tests' names; without it, the
// whole set runs and the report is written to docs/reports/.
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { realClock } from "#lib/clock.ts"
import { buildConformance } from "../kubernetes/build.ts"
import { LEFT_OUT } from "./left-out.ts"
import { parseJunit, reportText, type Result } from "./report.ts"
import { startConformanceServer } from "./server.ts"

const SET = String.raw`\[sig-(api-machinery|auth|instrumentation)\].*\[Conformance\]`
const REPORTS = join(import.meta.dirname, "../../docs/reports")

async function main(focus: string | undefined): Promise<number> {
  const program = buildConformance((line) => process.stdout.write(`${line}\n`))
  const dir = mkdtempSync(join(tmpdir(), "hawser-conformance-"))
  const server = await startConformanceServer(join(dir, "server"))
  const startedMs = realClock.nowMs()
  try {
    const junit = join(dir, "junit.xml")
    process.stdout.write(`files are in ${dir}\n`)
    await runTests(program, server.kubeconfig, junit, focus)
    const results = parseJunit(readFileSync(junit, "utf8"))
    const seconds = (realClock.nowMs() - startedMs) / 1000
    say(results, seconds)
    if (focus === undefined) {
      const today = new Date(startedMs).toISOString().slice(0, 10)
      const file = join(REPORTS, `${today}-conformance.md`)
      writeFileSync(file, reportText({ results, seconds, leftOut: LEFT_OUT, version: server.version }))
      process.stdout.write(`Report ${file}\n`)
    }
    return results.length > 0 && results.every((result) => result.passed) ? 0 : 1
  } finally {
    await server.stop()
  }
}

function runTests(program: string, kubeconfig: string, junit: string, focus: string | undefined): Promise<void> {
  const args = [
    `--kubeconfig=${kubeconfig}`,
    "--provider=skeleton",
    "--allowed-not-ready-nodes=-1",
    "--minStartupPods=-1",
    "--disable-log-dump",
    "--ginkgo.no-color",
    `--ginkgo.focus=${focus ?? SET}`,
    ...(focus === undefined ? LEFT_OUT.map(({ pattern }) => `--ginkgo.skip=${pattern.source}`) : []),
    `--ginkgo.junit-report=${junit}`,
    "--ginkgo.timeout=2h",
    "--test.timeout=2h",
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] })
    child.once("error", reject)
    child.once("exit", () => resolve())
  })
}

function say(results: readonly Result[], seconds: number): void {
  const failed = results.filter((result) => !result.passed)
  for (const { name, message } of failed) process.stdout.write(`FAILED ${name}\n  ${message}\n`)
  const passed = results.length - failed.length
  process.stdout.write(`${passed} passed, ${failed.length} failed in ${Math.round(seconds)} s\n`)
}

process.exitCode = await main(process.argv[2])
process.exit()
