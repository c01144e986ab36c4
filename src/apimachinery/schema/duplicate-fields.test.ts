import assert from "node:assert/strict"
import { test } from "node:test"
import { findDuplicateFields } from "./duplicate-fields.ts"

for (const { text, want } of [
  { text: '{"a":1,"b":1}', want: [] },
  { text: '{"data":{"a":"1","a":"2","a":"3"}}', want: ["data.a"] },
  { text: '{"a":{"x":1},"b":{"x":1}}', want: [] },
  { text: '[{"x":1},{"x":1,"x":2}]', want: ["[1].x"] },
  { text: '{"list":[{"n":[1,2,{"k":1,"k":2}]}],"z":1,"z":2}', want: ["list[0].n[2].k", "z"] },
  { text: '{"a":"a\\",\\"a\\":","b":"\\\\","b":1}', want: ["b"] },
  { text: String.raw`{"\u0061":1,"a":2}`, want: ["a"] },
  { text: '{ "a" : [ ] , "a" : { } }', want: ["a"] },
  { text: '"x"', want: [] },
]) {
  test(`findDuplicateFields: ${text}`, () => assert.deepEqual(findDuplicateFields(text), want))
}
