import assert from "node:assert/strict"
import { test } from "node:test"
import { parseDurationMs } from "./duration.ts"

for (const [text, ms] of [
  ["0s", 0],
  ["90s", 90_000],
  ["15m", 900_000],
  ["1h30m", 5_400_000],
  ["2h0m1s", 7_201_000],
  ["", undefined],
  ["15", undefined],
  ["1m1h", undefined],
  ["-1s", undefined],
  ["1.5h", undefined],
] as const) {
  test(`a duration: "${text}"`, () => assert.equal(parseDurationMs(text), ms))
}
