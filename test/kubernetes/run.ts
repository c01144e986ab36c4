// `npm run test:kubernetes [-- PATTERN…]`: the cases that need a real Kubernetes, on one built from the Go module proxy.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { buildKubernetes } from "./build.ts"

const root = join(import.meta.dirname, "../..")
const patterns = process.argv.slice(2)
try {
  buildKubernetes((line) => process.stdout.write(`${line}\n`))
  const files = patterns.length > 0 ? patterns : ["test/kubernetes/**/*.test.ts"]
  const run = spawnSync(process.execPath, [join(root, "tools/run-tests.ts"), ...files], { cwd: root, stdio: "inherit" })
  process.exitCode = run.status ?? 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
