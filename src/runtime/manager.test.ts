import assert from "node:assert/strict"
import { test } from "node:test"
import { silentLog } from "#lib/log.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { LeadershipLostError } from "#kube/leader-election.ts"
import { newKubeClient } from "#kube/rest.ts"
import { newFakeObjects } from "#kube/testing/fake-objects.ts"
import type { Runtime } from "./controller.ts"
import { startController } from "./controller.ts"
import { runManager } from "./manager.ts"

function newWorld() {
  const clock = newVirtualClock(1_800_000_000_000)
  const abort = new AbortController()
  const server = newFakeObjects()
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  const runtime = { clock, random: seededRandom(1), log: silentLog, signal: abort.signal }
  const history: string[] = []
  const start = (given: Runtime) => {
    history.push("start")
    const controller = startController(given, {
      name: "x",
      sources: [],
      reconcile: async () => {
        history.push("reconcile")
        await new Promise<void>((resolve) => clock.setTimer(1_000, resolve))
        history.push("reconciled")
      },
    })
    controller.enqueue("key")
  }
  return { clock, abort, server, client, runtime, history, start }
}

test("runManager: starts at once and ends after the last reconcile", async () => {
  const { clock, abort, runtime, history, start } = newWorld()
  const done = runManager({ runtime, start }).then(() => history.push("done"))
  await clock.advance(10)
  abort.abort()
  await clock.advance(1_000)
  await done
  assert.deepEqual(history, ["start", "reconcile", "reconciled", "done"])
})

test("runManager: with leader election reconciles once it leads, gives the lease back after the last reconcile", async () => {
  const { clock, abort, server, client, runtime, history, start } = newWorld()
  server.failure = "connection"
  const leaderElection = { client, namespace: "hub", name: "hawser", identity: "a" }
  const done = runManager({ runtime, start, leaderElection })
  await clock.advance(5_000)
  assert.deepEqual(history, ["start"])
  server.failure = undefined
  assert.ok(await clock.runUntil(() => history.includes("reconcile")))
  const written = server.requests.length
  abort.abort()
  await clock.settle()
  assert.equal(server.requests.length, written)
  await clock.advance(1_000)
  await done
  assert.deepEqual(history, ["start", "reconcile", "reconciled"])
  const [lease] = [...server.objects.values()] as unknown as { spec: { holderIdentity: string } }[]
  assert.equal(lease?.spec.holderIdentity, "")
})

test("runManager: ends with LeadershipLostError when the lease is lost", async () => {
  const { clock, server, client, runtime, history, start } = newWorld()
  const leaderElection = { client, namespace: "hub", name: "hawser", identity: "a" }
  const lost = assert.rejects(runManager({ runtime, start, leaderElection }), LeadershipLostError)
  await clock.advance(1_000)
  server.failure = "connection"
  await clock.advance(10_000)
  await lost
  assert.deepEqual(history, ["start", "reconcile", "reconciled"])
  assert.equal(clock.timerCount, 0)
})

test("runManager: one that never leads ends without a reconcile", async () => {
  const { clock, abort, server, client, runtime, history, start } = newWorld()
  server.failure = "connection"
  const done = runManager({
    runtime,
    start,
    leaderElection: { client, namespace: "hub", name: "hawser", identity: "a" },
  })
  await clock.advance(5_000)
  abort.abort()
  await clock.settle()
  await done
  assert.deepEqual([history, clock.timerCount], [["start"], 0])
})
