import assert from "node:assert/strict"
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"

const ROOT = join(import.meta.dirname, "../..")
const sources = globSync("{src,test,tools,bench}/**/*.{ts,js}", { cwd: ROOT })
/** What a person reads at one go. Data that a generator made is not read. */
const LINES_MAX = 500

/** Plans that the tests of another one, which calls them, hold. */
const HELD_BY: Record<string, string> = {
  "src/hub/registration/cluster-change.plan.ts": "src/hub/registration/accept.plan.test.ts",
  "src/hub/registration/detach.plan.ts": "src/hub/registration/accept.plan.test.ts",
}

test("every plan has a test beside it", () => {
  const plans = sources.filter((file) => file.endsWith(".plan.ts"))
  const testOf = (plan: string) => HELD_BY[plan] ?? plan.replace(/\.ts$/, ".test.ts")
  assert.ok(plans.length > 20)
  assert.deepEqual(
    plans.filter((plan) => !existsSync(join(ROOT, testOf(plan)))),
    [],
  )
})

test(`no file is longer than ${LINES_MAX} lines`, () => {
  const lengthOf = (file: string) => readFileSync(join(ROOT, file), "utf8").split("\n").length
  assert.deepEqual(
    sources.filter((file) => !file.includes("/generated/") && lengthOf(file) > LINES_MAX),
    [],
  )
})
