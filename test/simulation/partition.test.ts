// A hub and three members on virtual time, from one seed.
import assert from "node:assert/strict"
import { test } from "node:test"
import { firstDifference } from "#simulator/trace.ts"
import { tellPartition } from "./partition-scene.ts"

test("simulation: a seed leads to one trace, another seed to another", async () => {
  const first = await tellPartition(1)
  const again = await tellPartition(1)
  const difference = firstDifference(first.trace, again.trace)
  if (difference !== undefined) assert.fail(difference)
  const other = await tellPartition(2)
  assert.notEqual(firstDifference(first.trace, other.trace), undefined)
})

for (const seed of [3, 4, 5, 6, 7]) {
  test(`simulation: nothing is lost by ten minutes without a member, seed ${seed}`, async () => {
    await tellPartition(seed)
  })
}
