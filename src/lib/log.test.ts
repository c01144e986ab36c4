import assert from "node:assert/strict"
import { test } from "node:test"
import { describeError } from "./log.ts"

for (const { name, error, want } of [
  { name: "an error", error: new Error("a"), want: "a" },
  {
    name: "an error and its causes",
    error: new Error("a", { cause: new Error("b", { cause: "c" }) }),
    want: "a: b: c",
  },
  { name: "a cause that says the same again", error: new Error("a", { cause: new Error("a") }), want: "a" },
  { name: "no error at all", error: 5, want: "5" },
]) {
  test(`described: ${name}`, () => assert.equal(describeError(error), want))
}
