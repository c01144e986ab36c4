import assert from "node:assert/strict"
import { test } from "node:test"
import { formatAge, formatTable } from "./table.ts"

test("formatTable: columns line up and no line ends with a blank", () => {
  const text = formatTable(
    ["name", "available", "age"],
    [
      ["cluster1", "True", "5s"],
      ["c2", "", "12m"],
    ],
  )
  assert.equal(text, "NAME       AVAILABLE   AGE\ncluster1   True        5s\nc2                     12m\n")
})

for (const [seconds, want] of [
  [-5, "<invalid>"],
  [-1, "0s"],
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [599, "9m59s"],
  [600, "10m"],
  [179 * 60, "179m"],
  [180 * 60, "3h"],
  [7 * 3600 + 60, "7h1m"],
  [8 * 3600 + 60, "8h"],
  [47 * 3600, "47h"],
  [48 * 3600, "2d"],
  [7 * 86400 + 3600, "7d1h"],
  [8 * 86400 + 3600, "8d"],
  [729 * 86400, "729d"],
  [730 * 86400, "2y"],
  [731 * 86400, "2y1d"],
  [8 * 365 * 86400, "8y"],
] as const) {
  test(`formatAge: ${seconds} s is ${want}`, () => assert.equal(formatAge(0, seconds * 1000), want))
}

test("formatAge: no time is unknown", () => assert.equal(formatAge(undefined, 0), "<unknown>"))
