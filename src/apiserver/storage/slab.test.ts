import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Slabs } from "./slab.ts"

test("copies are equal to what was given and stay so, whatever comes after", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 30 }), (lengths) => {
      const slabs = new Slabs()
      const shared = new Uint8Array(20_000)
      const copies = lengths.map((length, i) => slabs.copy(shared.fill(i).subarray(0, length)))
      for (const [i, copy] of copies.entries()) {
        assert.equal(copy.length, lengths[i])
        assert.ok(copy.every((byte) => byte === i))
      }
    }),
    { numRuns: 50 },
  )
})
