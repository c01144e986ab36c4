import assert from "node:assert/strict"
import { test } from "node:test"
import { parseGoDuration } from "./go-duration.ts"

for (const [text, want] of [
  ["0", 0],
  ["0s", 0],
  ["10s", 10_000],
  ["1h15m30.5s", 4_530_500],
  ["-1.5h", -5_400_000],
  ["1ns", 1e-6],
  [".5ms", 0.5],
  ["1.m", 60_000],
] as const) {
  test(`parseGoDuration: ${text}`, () => assert.equal(parseGoDuration(text), want))
}

for (const [text, message] of [
  ["", 'time: invalid duration ""'],
  ["abc", 'time: invalid duration "abc"'],
  ["10", 'time: missing unit in duration "10"'],
  ["1d", 'time: unknown unit "d" in duration "1d"'],
  ["1constructor", 'time: unknown unit "constructor" in duration "1constructor"'],
  ["9999999999h", 'time: invalid duration "9999999999h"'],
  [".s", 'time: invalid duration ".s"'],
] as const) {
  test(`parseGoDuration: refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseGoDuration(text), { message }))
}
