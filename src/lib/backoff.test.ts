import assert from "node:assert/strict"
import { test } from "node:test"
import { backoffMs } from "./backoff.ts"

const OPTIONS = { initialMs: 100, maxMs: 1_000 }
const fixed = (fraction: number) => ({ fraction: () => fraction, bytes: (length: number) => new Uint8Array(length) })

for (const { failures, least, most } of [
  { failures: 1, least: 50, most: 100 },
  { failures: 2, least: 100, most: 200 },
  { failures: 4, least: 400, most: 800 },
  { failures: 5, least: 500, most: 1_000 },
  { failures: 5_000, least: 500, most: 1_000 },
]) {
  test(`backoffMs: between ${least} and ${most} after ${failures} failures`, () => {
    assert.equal(backoffMs(OPTIONS, failures, fixed(0)), least)
    assert.equal(backoffMs(OPTIONS, failures, fixed(1)), most)
  })
}
