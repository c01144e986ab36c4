import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { newHeap } from "./heap.ts"

test("newHeap: whatever is pushed and popped, the least comes out", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant("pop" as const))), (steps) => {
      const heap = newHeap<number>((a, b) => a < b)
      let model: number[] = []
      for (const step of steps) {
        if (step === "pop") {
          assert.equal(heap.pop(), model.shift())
        } else {
          heap.push(step)
          model = [...model, step].toSorted((a, b) => a - b)
        }
        assert.deepEqual([heap.size, heap.peek()], [model.length, model[0]])
      }
    }),
  )
})
