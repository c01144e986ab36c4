// The release bundle, away from the sources it was made of.
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { promisify } from "node:util"
import { VERSION } from "#lib/version.ts"

const dir = mkdtempSync(join(tmpdir(), "hawser-bundle-"))
const run = promisify(execFile)
const bundled = (...args: string[]) => run(process.execPath, [join(dir, "release/hawser.mjs"), ...args], { cwd: dir })
after(async () => {
  await bundled("down", "--dir", "fleet")
  rmSync(dir, { recursive: true, force: true })
})

test("bundle: a folder of its own starts a fleet", async () => {
  const script = join(import.meta.dirname, "../../tools/bundle.ts")
  await run(process.execPath, [script, join(dir, "release")])
  for (const args of ["version", "--version"])
    assert.match((await bundled(args)).stdout, new RegExp(`^hawser ${VERSION} `))
  const up = await bundled("up", "--clusters", "1", "--detach", "--dir", "fleet")
  assert.match(up.stderr, /sample application "hello" runs on 1 cluster/)
})
