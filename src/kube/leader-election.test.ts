import assert from "node:assert/strict"
import { test } from "node:test"
import { ConnectionError } from "#lib/http.ts"
import { silentLog } from "#lib/log.ts"
import { newMetrics } from "#lib/metrics.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { LeadershipLostError, runLeaderElected } from "./leader-election.ts"
import { newKubeClient } from "./rest.ts"
import { newFakeObjects } from "./testing/fake-objects.ts"

const PATH = "/apis/coordination.k8s.io/v1/namespaces/hub/leases/hawser"

function newWorld() {
  const clock = newVirtualClock(1_800_000_000_000)
  const server = newFakeObjects()
  const leaders: string[] = []
  const history: string[] = []
  let seed = 0
  const candidate = (identity: string) => {
    const abort = new AbortController()
    let isCut = false
    const metrics = newMetrics()
    const client = newKubeClient({
      clock,
      userAgent: identity,
      transport: (request) => (isCut ? Promise.reject(new ConnectionError("cut")) : server.transport(request)),
    })
    const done = runLeaderElected(
      {
        client,
        namespace: "hub",
        name: "hawser",
        identity,
        clock,
        random: seededRandom(++seed),
        log: silentLog,
        signal: abort.signal,
        metrics,
      },
      async (signal) => {
        leaders.push(identity)
        history.push(`${identity} leads`)
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
        leaders.splice(leaders.indexOf(identity), 1)
        history.push(`${identity} stops`)
      },
    )
    // Its end is judged by the test; until then a rejection is no accident.
    done.catch(() => undefined)
    const status = () => /^leader_election_master_status\{name="hawser"\} (\d)$/m.exec(metrics.text())?.[1]
    return { done, status, stop: () => abort.abort(), cut: () => void (isCut = true), heal: () => void (isCut = false) }
  }
  const spec = () => (server.objects.get(PATH) as { spec?: Record<string, unknown> } | undefined)?.spec
  return { clock, server, leaders, history, candidate, spec }
}

test("runLeaderElected: the first leads at once and renews; the second waits", async () => {
  const { clock, leaders, candidate, spec } = newWorld()
  const a = candidate("a")
  await clock.settle()
  assert.deepEqual(leaders, ["a"])
  const acquired = spec()
  assert.deepEqual([acquired?.["leaseDurationSeconds"], acquired?.["leaseTransitions"]], [4, 0])
  const b = candidate("b")
  await clock.advance(60_000)
  assert.deepEqual(leaders, ["a"])
  assert.deepEqual([a.status(), b.status()], ["1", "0"])
  assert.equal(spec()?.["acquireTime"], acquired?.["acquireTime"])
  assert.notEqual(spec()?.["renewTime"], acquired?.["renewTime"])
  a.stop()
  b.stop()
  await clock.settle()
  await Promise.all([a.done, b.done])
  assert.deepEqual([a.status(), b.status()], ["0", "0"])
  assert.equal(clock.timerCount, 0)
})

test("runLeaderElected: a leader that stops gives the lease back, and the next leads within a second", async () => {
  const { clock, leaders, history, candidate, spec } = newWorld()
  const a = candidate("a")
  await clock.settle()
  const b = candidate("b")
  await clock.advance(10_000)
  a.stop()
  await clock.settle()
  await a.done
  assert.equal(spec()?.["holderIdentity"], "")
  await clock.advance(1_000)
  assert.deepEqual([leaders, history], [["b"], ["a leads", "a stops", "b leads"]])
  assert.equal(spec()?.["leaseTransitions"], 1)
  b.stop()
  await clock.settle()
})

test("runLeaderElected: after a kill the next leads within 5 s, and never while the first still may", async () => {
  for (let killedAfterMs = 10_000; killedAfterMs < 12_000; killedAfterMs += 130) {
    const { clock, leaders, candidate } = newWorld()
    const a = candidate("a")
    await clock.settle()
    const b = candidate("b")
    await clock.advance(killedAfterMs)
    const cutMs = clock.nowMs()
    // To the others a leader that cannot be heard and a dead one are the same.
    a.cut()
    assert.ok(await clock.runUntil(() => !leaders.includes("a")))
    assert.ok(clock.nowMs() - cutMs <= 3_000 + 1, `stopped after ${clock.nowMs() - cutMs} ms`)
    assert.equal(leaders.length, 0, "nobody leads in between")
    assert.ok(await clock.runUntil(() => leaders.includes("b")))
    assert.ok(clock.nowMs() - cutMs <= 5_000, `next after ${clock.nowMs() - cutMs} ms`)
    await assert.rejects(a.done, LeadershipLostError)
    b.stop()
    await clock.settle()
  }
})

test("runLeaderElected: a short cut costs nothing", async () => {
  const { clock, history, candidate } = newWorld()
  const a = candidate("a")
  await clock.advance(5_500)
  a.cut()
  await clock.advance(1_800)
  a.heal()
  await clock.advance(30_000)
  assert.deepEqual(history, ["a leads"])
  a.stop()
  await clock.settle()
})

test("runLeaderElected: a lease that somebody else took ends the leadership at the next renewal", async () => {
  const { clock, server, candidate } = newWorld()
  const a = candidate("a")
  await clock.settle()
  const lease = server.objects.get(PATH)!
  server.objects.set(PATH, {
    ...lease,
    metadata: { ...lease.metadata, resourceVersion: "999" },
    spec: { holderIdentity: "x", leaseDurationSeconds: 4 },
  } as typeof lease)
  await clock.advance(1_000)
  await assert.rejects(a.done, LeadershipLostError)
  assert.equal((server.objects.get(PATH) as unknown as { spec: { holderIdentity: string } }).spec.holderIdentity, "x")
})

test("runLeaderElected: what the work throws is thrown, and the lease is given back", async () => {
  const { clock, server, spec } = newWorld()
  const planted = new Error("planted")
  const client = newKubeClient({ clock, userAgent: "a", transport: server.transport })
  const done = runLeaderElected(
    {
      client,
      namespace: "hub",
      name: "hawser",
      identity: "a",
      clock,
      random: seededRandom(1),
      log: silentLog,
      signal: new AbortController().signal,
    },
    () => Promise.reject(planted),
  )
  const failed = assert.rejects(done, planted)
  await clock.settle()
  await failed
  assert.deepEqual([spec()?.["holderIdentity"], clock.timerCount], ["", 0])
})

test("runLeaderElected: a server that is away is waited for", async () => {
  const { clock, server, leaders, candidate } = newWorld()
  server.failure = "connection"
  const a = candidate("a")
  await clock.advance(10_000)
  assert.deepEqual(leaders, [])
  server.failure = undefined
  await clock.advance(1_000)
  assert.deepEqual(leaders, ["a"])
  a.stop()
  await clock.settle()
})
