import assert from "node:assert/strict"
import { test } from "node:test"
import { REPLICA_SET_LABEL } from "#api/work/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { planCompletedWork } from "./completed-work.plan.ts"

const NOW_MS = Date.parse("2026-01-01T00:01:00Z")

function work(ttlSecondsAfterFinished: number | undefined, status: "True" | "False", metadata: object = {}) {
  const lastTransitionTime = "2026-01-01T00:00:00Z"
  return {
    metadata: { namespace: "c1", name: "w", uid: "u", resourceVersion: "7", ...metadata },
    spec: { deleteOption: ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished } },
    status: { conditions: [{ type: "Complete", status, reason: "R", message: "", lastTransitionTime }] },
  } as ManifestWork
}

for (const { name, given, waitMs } of [
  { name: "over", given: work(60, "True"), waitMs: "deleted" },
  { name: "over at once", given: work(0, "True"), waitMs: "deleted" },
  { name: "not over yet", given: work(90, "True"), waitMs: 30_000 },
  { name: "of years", given: work(1e9, "True"), waitMs: 24 * 3600_000 },
  { name: "not complete", given: work(0, "False") },
  { name: "says nothing", given: work(undefined, "True") },
  { name: "being deleted", given: work(0, "True", { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
  { name: "of a replica set", given: work(0, "True", { labels: { [REPLICA_SET_LABEL]: "ns.set" } }) },
]) {
  test(`planCompletedWork: ${name}`, () => {
    const { actions, requeueAfterMs } = planCompletedWork(given, NOW_MS)
    const key = { namespace: "c1", name: "w" }
    const deletion = { do: "delete", type: MANIFEST_WORKS, key, uid: "u", resourceVersion: "7" }
    assert.deepEqual(actions, waitMs === "deleted" ? [deletion] : [])
    assert.equal(requeueAfterMs, waitMs === "deleted" ? undefined : waitMs)
  })
}
