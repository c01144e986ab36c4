import assert from "node:assert/strict"
import { test } from "node:test"
import { BoundedMap } from "./bounded-map.ts"

test("BoundedMap: the entry that was set first goes when it is full", () => {
  const map = new BoundedMap<string, number>(2)
  map.set("a", 1)
  map.set("b", 2)
  map.set("a", 3)
  assert.deepEqual([map.size, map.get("a"), map.get("b")], [2, 3, 2])
  map.set("c", 4)
  assert.deepEqual([map.size, map.get("a"), map.get("b"), map.get("c")], [2, undefined, 2, 4])
})

test("BoundedMap: getOrMake makes a value once", () => {
  const map = new BoundedMap<string, number>(2)
  let made = 0
  const make = () => ++made
  assert.deepEqual([map.getOrMake("a", make), map.getOrMake("a", make), made], [1, 1, 1])
})
