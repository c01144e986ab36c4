// The short version; `npm run test:crash` kills 200 times.
import assert from "node:assert/strict"
import { test } from "node:test"
import { crashAgainAndAgain } from "./scene.ts"

test("a server that is killed under load keeps every acknowledged write, and watches go on", async () => {
  const report = await crashAgainAndAgain({ kills: 2, seed: 4 })
  assert.deepEqual(report.problems, [])
  assert.ok(report.acknowledged > 100, `${report.acknowledged} writes`)
  assert.ok(report.resumed > 0)
})
