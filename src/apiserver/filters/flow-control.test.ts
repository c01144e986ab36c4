import assert from "node:assert/strict"
import { test } from "node:test"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { HttpResponse } from "#lib/http.ts"
import { ANONYMOUS, LOOPBACK } from "#apiserver/authentication/user.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { withDeadline } from "./deadline.ts"
import { withInFlightLimit } from "./flow-control.ts"
import { parseRequestInfo } from "./request-info.ts"

const OK: HttpResponse = { status: 200, headers: {}, body: new Uint8Array() }

const call = (method: string, path: string, user = ANONYMOUS) =>
  ({ request: { peer: { address: "a" } }, info: parseRequestInfo(method, path), user, headers: {} }) as unknown as Call

test("withInFlightLimit: reads and writes each have a bound; watches and administrators have none", async () => {
  const waiting: (() => void)[] = []
  const inFlight = { reading: 0, mutating: 0 }
  const handle = withInFlightLimit(
    { reading: 1, mutating: 1 },
    inFlight,
  )(() => new Promise((resolve) => waiting.push(() => resolve(OK))))
  const answers = [
    handle(call("GET", "/api/v1/pods")),
    handle(call("POST", "/api/v1/namespaces")),
    handle(call("GET", "/api/v1/pods?watch=1")),
    handle(call("GET", "/api/v1/pods", LOOPBACK)),
  ]
  const refused = await handle(call("GET", "/api/v1/pods"))
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "1"])
  assert.equal((await handle(call("DELETE", "/api/v1/namespaces/a"))).status, 429)
  for (const end of waiting.splice(0)) end()
  assert.deepEqual(
    (await Promise.all(answers.map(async (answer) => answer))).map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.deepEqual(inFlight, { reading: 0, mutating: 0 })
})

test("withInFlightLimit: what fails gives its place back", () => {
  const inFlight = { reading: 0, mutating: 0 }
  const handle = withInFlightLimit(
    { reading: 1, mutating: 1 },
    inFlight,
  )(() => {
    throw new Error("no")
  })
  assert.throws(() => handle(call("GET", "/api/v1/pods")))
  assert.deepEqual(inFlight, { reading: 0, mutating: 0 })
})

for (const [query, afterMs] of [
  ["", 60_000],
  ["?timeout=2s", 2_000],
  ["?timeout=5m", 60_000],
  ["?timeout=0s", 60_000],
  ["?timeout=-3s", 60_000],
] as const) {
  test(`withDeadline: ${query === "" ? "nothing said" : query} ends after ${afterMs} ms`, async () => {
    const clock = newVirtualClock(0)
    let status = 0
    const answer = withDeadline(clock)(() => new Promise(() => {}))(call("GET", `/api/v1/pods${query}`))
    void Promise.resolve(answer).then((response) => (status = response.status))
    await clock.advance(afterMs - 1)
    assert.equal(status, 0)
    await clock.advance(1)
    assert.equal(status, 504)
  })
}

test("withDeadline: what is no duration is 400, what is over at once 504", async () => {
  const handle = withDeadline(newVirtualClock(0))(() => OK)
  assert.throws(() => handle(call("GET", "/api?timeout=10")), {
    code: 400,
    message: 'invalid timeout specified in the request URL - time: missing unit in duration "10"',
  })
  assert.equal((await handle(call("GET", "/api?timeout=1ns"))).status, 504)
  assert.equal((await handle(call("GET", "/api/v1/pods?watch=1&timeout=nope"))).status, 200)
})
