import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { ConnectionError, type BodySink, type HttpRequest, type HttpResponse } from "#lib/http.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { firstDifference, newTrace } from "./trace.ts"

const bytes = (text: string) => Buffer.from(text)
const GET: HttpRequest = { method: "GET", path: "/api", headers: {} }

test("newTrace: a line for what is asked, answered and refused, with time and content", async () => {
  const clock = newVirtualClock(1_800_000_000_000)
  const trace = newTrace(clock)
  const answers = new Map<string, HttpResponse>([
    ["PUT", { status: 200, headers: {}, body: bytes("same") }],
    ["POST", { status: 201, headers: {}, body: bytes("other") }],
  ])
  const send = trace.around(
    "hub",
    () => "by me",
    async ({ method }: HttpRequest) => {
      const answer = answers.get(method)
      if (answer === undefined) throw new ConnectionError("gone")
      return answer
    },
  )
  await send({ ...GET, method: "PUT", body: bytes("same") })
  await clock.advance(1_500)
  await send({ ...GET, method: "POST" })
  await assert.rejects(send(GET), ConnectionError)
  const same = "0967115f2813a354"
  assert.deepEqual(trace.lines, [
    `0.000000 hub asked by me PUT /api ${same}`,
    `0.000000 hub answered by me PUT /api 200 ${same}`,
    "1.500000 hub asked by me POST /api -",
    "1.500000 hub answered by me POST /api 201 d9298a10d1b07358",
    "1.500000 hub asked by me GET /api -",
    "1.500000 hub failed by me GET /api gone",
  ])
})

test("newTrace: pieces of a stream, how it ends, and that its reader stopped it", async () => {
  const trace = newTrace(newVirtualClock(0))
  const sinks: BodySink[] = []
  const send = trace.around(
    "hub",
    () => "by me",
    async (_: HttpRequest) => ({
      status: 200,
      headers: {},
      body: { start: (sink: BodySink) => (sinks.push(sink), () => undefined) },
    }),
  )
  const read = async (): Promise<() => void> => {
    const { body } = await send(GET)
    assert.ok("start" in body)
    return body.start({ write: ({ length }) => length, end: () => undefined })
  }
  await read()
  assert.equal(sinks[0]!.write(bytes("12345")), 5)
  sinks[0]!.end()
  await read()
  sinks[1]!.end(new Error("reset"))
  const stop = await read()
  stop()
  assert.deepEqual(
    trace.lines.filter((line) => !/ (asked|answered) /.test(line)),
    [
      "0.000000 hub piece 5994471abb01112a by me GET /api",
      "0.000000 hub end by me GET /api",
      '0.000000 hub broke "reset" by me GET /api',
      "0.000000 hub stop by me GET /api",
    ],
  )
})

test("newTrace: writes, with their revision", async () => {
  const trace = newTrace(newVirtualClock(0))
  const storage = memoryStorage()
  trace.follow("hub", storage)
  await storage.put("/registry/a", bytes("same"), 0)
  await storage.delete("/registry/a", 1)
  assert.deepEqual(trace.lines, [
    "0.000000 hub put /registry/a 1 0967115f2813a354",
    "0.000000 hub delete /registry/a 2 0967115f2813a354",
  ])
})

const differences = [
  { name: "the same", a: ["x", "y"], b: ["x", "y"], want: undefined },
  { name: "another line", a: ["x", "y"], b: ["x", "z"], want: "Runs differ from line 2 on:\n    x\n  1 y\n  2 z" },
  { name: "an end", a: ["x", "y"], b: ["x"], want: "Runs differ from line 2 on:\n    x\n  1 y\n  2 (ended)" },
  { name: "a later end", a: [], b: ["x"], want: "Runs differ from line 1 on:\n  1 (ended)\n  2 x" },
]
for (const { name, a, b, want } of differences) {
  test(`firstDifference: ${name}`, () => assert.equal(firstDifference(a, b), want))
}
