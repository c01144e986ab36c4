import assert from "node:assert/strict"
import { test } from "node:test"
import type { CoreEvent } from "#api/kubernetes/events.ts"
import { planEventExpiry } from "./event-expiry.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const HOUR_MS = 3_600_000
const ago = (ms: number) => new Date(NOW_MS - ms).toISOString()
const newEvent = (createdAgoMs: number, parts: Partial<CoreEvent> = {}): CoreEvent => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e", namespace: "ns", uid: "u", creationTimestamp: ago(createdAgoMs) },
  ...parts,
})

test("planEventExpiry: an hour old", () => {
  const { actions } = planEventExpiry(newEvent(HOUR_MS), NOW_MS)
  assert.deepEqual(
    actions.map((action) => action.do),
    ["delete"],
  )
})

for (const { name, event, want } of [
  { name: "younger", event: newEvent(HOUR_MS - 5_000), want: 5_000 },
  { name: "seen again", event: newEvent(2 * HOUR_MS, { lastTimestamp: ago(60_000) }), want: HOUR_MS - 60_000 },
  { name: "from the future", event: newEvent(-HOUR_MS), want: HOUR_MS },
]) {
  test(`planEventExpiry: ${name} stays`, () => {
    const { actions, requeueAfterMs } = planEventExpiry(event, NOW_MS)
    assert.deepEqual([actions, requeueAfterMs], [[], want])
  })
}
