// `npm test [-- PATTERN…]`: every test but those that need a real Kubernetes (`npm run test:kubernetes`).
// All run in one process, so that one that never ends would silence all others: a test has five minutes, and
// tools/test-watchdog.ts names what holds the process.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const patterns = process.argv.slice(2)
const files =
  patterns.length > 0
    ? patterns
    : ["src/**/*.test.ts", "test/{tidy,integration,simulation,reference,cli,crash}/**/*.test.ts"]
const run = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-isolation=none",
    "--test-timeout=300000",
    // A socket or a child that a test forgot must not keep the run from its last line.
    "--test-force-exit",
    `--import=${join(root, "tools/test-watchdog.ts")}`,
    "--disable-warning=ExperimentalWarning",
    `--test-reporter=${join(root, "tools/test-reporter.ts")}`,
    "--test-reporter-destination=stdout",
    ...files,
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compile"), ...process.env },
  },
)
process.exitCode = run.status ?? 1
