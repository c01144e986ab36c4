import assert from "node:assert/strict"
import { test } from "node:test"
import { contentOf, Ledger, type Seen } from "./ledger.ts"

const key = "a"
const first = contentOf(1, 1)
const second = contentOf(1, 2)
const after = (ledger: Ledger, found: Record<string, Seen>, revision = 100) =>
  ledger.compare(new Map(Object.entries(found)), revision)

function written(): Ledger {
  const ledger = new Ledger()
  ledger.begin({ key, content: first })
  ledger.acknowledge({ key, content: first }, 5)
  return ledger
}

test("finds a lost write, a changed one, half of one and a revision that went back", () => {
  assert.deepEqual(after(written(), { a: { content: first, revision: 5 } }), [])
  assert.equal(after(written(), {}).length, 1)
  assert.equal(after(written(), { a: { content: second, revision: 5 } }).length, 1)
  assert.equal(after(written(), { a: { content: second, revision: 6 } }).length, 1)
  assert.equal(after(written(), { a: { content: first, revision: 4 } }).length, 1)
  assert.equal(after(written(), { a: { content: first.slice(1), revision: 5 } }).length, 2)
  assert.match(after(written(), { a: { content: first, revision: 5 } }, 4)[0]!, /went back/)
  assert.equal(after(written(), { a: { content: first, revision: 5 }, b: { content: second, revision: 6 } }).length, 1)
})

test("a write on its way may be there or not, and its deletion likewise", () => {
  for (const content of [second, undefined]) {
    const ledger = written()
    ledger.begin({ key, content })
    assert.deepEqual(after(ledger, { a: { content: first, revision: 5 } }), [])
    const other = written()
    other.begin({ key, content })
    assert.deepEqual(after(other, content === undefined ? {} : { a: { content, revision: 6 } }), [])
    // From then on it is what was acknowledged.
    assert.equal(after(other, { a: { content: first, revision: 5 } }).length, 1)
  }
})
