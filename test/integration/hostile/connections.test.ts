// Connections that are slow, greedy or broken, against a listener on loopback: each is ended, and others are answered.
import assert from "node:assert/strict"
import { once } from "node:events"
import { connect as connectTcp } from "node:net"
import { after, afterEach, before, test } from "node:test"
import fc from "fast-check"
import type { BodySink } from "#lib/http.ts"
import type { Handler } from "#apiserver/request.ts"
import { fuzzing } from "./budget.ts"
import { frame, newAttacked, opening, until, untilClosed, type Attacked } from "./listening.ts"
import { mangled } from "./values.ts"

const LARGE = Buffer.alloc(1 << 20, "x")

const handler: Handler = async ({ path, body }) => {
  if (path === "/large") return { status: 200, headers: {}, body: LARGE }
  if (path === "/stream") return { status: 200, headers: {}, body: { start: (_: BodySink) => () => {} } }
  if (path === "/broken") throw new Error("out of order")
  if (path === "/headers") return { status: 200, headers: { "x-a": "a\r\nb: c" }, body: new Uint8Array() }
  return { status: 200, headers: {}, body: Buffer.from(String(body?.length ?? 0)) }
}

let attacked: Attacked
before(async () => {
  attacked = await newAttacked(handler, {
    arrivalMs: 250,
    stalledMs: 250,
    idleMs: 400,
    arrivingBytesMax: 2 << 20,
    leavingBytesMax: 8 << 20,
    openMax: 1_500,
  })
})
after(() => attacked.close())
afterEach(async () => {
  assert.equal(await attacked.isWell(), true)
  const { ledger } = attacked.listener
  await until(() => ledger.arrivingBytes === 0 && ledger.leavingBytes === 0)
})

test("HTTP/1.1: a head that does not end is 408", async () => {
  const socket = await attacked.raw("http/1.1")
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
  assert.match(await untilClosed(socket), /^HTTP\/1\.1 408 /)
})

test("HTTP/1.1: a body that does not end is ended", async () => {
  const socket = await attacked.raw("http/1.1")
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
  assert.match(await untilClosed(socket), /^HTTP\/1\.1 (408|504) /)
})

test("HTTP/1.1: a sender that hangs up within a body leaves nothing behind", async () => {
  const socket = await attacked.raw("http/1.1")
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
  await until(() => attacked.listener.ledger.arrivingBytes === 3)
  socket.end()
  await untilClosed(socket)
})

// What was not read yet when the connection ends may take the answer with it.
test("HTTP/1.1: a head of 100 KB is 431, a body of 4 MB is 413", async () => {
  const head = await attacked.raw("http/1.1")
  head.write(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(100_000)}\r\n\r\n`)
  assert.match(await untilClosed(head), /^(HTTP\/1\.1 431 |$)/)
  const body = await attacked.raw("http/1.1")
  body.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${4 << 20}\r\n\r\n`)
  body.write(Buffer.alloc(4 << 20))
  assert.match(await untilClosed(body), /^(HTTP\/1\.1 4(13|29) |$)/)
})

test("HTTP/1.1: an upgrade is answered as if none had been asked for", async () => {
  const socket = await attacked.raw("http/1.1")
  const upgrade =
    "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 99"
  socket.write(`GET /well HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n\r\n`)
  assert.match(await untilClosed(socket), /^HTTP\/1\.1 200 /)
})

test("a connection on which nothing happens is closed, whether it spoke or not", async () => {
  const silent = await attacked.raw("h2")
  const opened = await attacked.http2()
  await Promise.all([untilClosed(silent), once(opened, "close")])
})

test("a connection whose stream is idle stays", async () => {
  const session = await attacked.http2()
  const stream = session.request({ ":path": "/stream" })
  await once(stream, "response")
  // Another connection, opened later, is closed for its idleness first.
  await untilClosed(await attacked.raw("h2"))
  assert.equal(stream.closed, false)
  session.destroy()
})

test("what is no TLS is cut off", async () => {
  const socket = connectTcp({ host: "127.0.0.1", port: attacked.listener.port })
  socket.on("error", () => {})
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  socket.resume()
  await once(socket, "close")
})

test("HTTP/2: a body that does not end is 504", async () => {
  const session = await attacked.http2()
  const stream = session.request({ ":path": "/", ":method": "POST" })
  stream.on("error", () => {})
  stream.write("abc")
  const [headers] = (await once(stream, "response")) as [Record<string, unknown>]
  assert.equal(headers[":status"], 504)
  session.destroy()
})

test("HTTP/2: many bodies at once are 429, small ones among them pass", async () => {
  const session = await attacked.http2()
  const post = (bytes: number) => {
    const stream = session.request({ ":path": "/", ":method": "POST" })
    stream.on("error", () => {})
    stream.write(Buffer.alloc(bytes))
    return stream
  }
  const large = Array.from({ length: 5 }, () => post(512 << 10))
  const statuses = await Promise.all(large.map(async (stream) => ((await once(stream, "response")) as [Record<string, unknown>])[0][":status"])) // prettier-ignore
  assert.ok(statuses.includes(429), String(statuses))
  const small = session.request({ ":path": "/", ":method": "POST" })
  small.end("x")
  const [headers] = (await once(small, "response")) as [Record<string, unknown>]
  assert.equal(headers[":status"], 200)
  session.destroy()
})

test("HTTP/2: answers that nobody takes are broken off; while they are many, further large ones are 429", async () => {
  const session = await attacked.http2({ initialWindowSize: 0 })
  const streams = Array.from({ length: 12 }, () => session.request({ ":path": "/large" }))
  const closed = streams.map(async (stream) => {
    stream.on("error", () => {})
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>]
    if (headers[":status"] === 200) await once(stream, "close")
    return headers[":status"]
  })
  const statuses = await Promise.all(closed)
  assert.ok(statuses.includes(200) && statuses.includes(429), String(statuses))
  session.destroy()
})

test("HTTP/2: streams beyond the bound of one connection, and of all together, are refused", async () => {
  const sessions = await Promise.all([attacked.http2(), attacked.http2()])
  let refused = 0
  for (const session of sessions) {
    for (let i = 0; i < 900; i++) {
      const stream = session.request({ ":path": "/stream" })
      stream.on("error", () => {})
      stream.on("close", () => void refused++)
    }
  }
  await until(() => refused >= 300)
  assert.ok(attacked.listener.ledger.open <= 1_500)
  for (const session of sessions) session.destroy()
  await until(() => attacked.listener.ledger.open < 100)
})

test("HTTP/2: streams that are reset as soon as they are opened end the connection", async () => {
  const session = await attacked.http2()
  let isClosed = false
  session.on("close", () => void (isClosed = true))
  while (!isClosed && !session.destroyed) {
    for (let i = 0; i < 100 && !session.closed && !session.destroyed; i++) {
      const stream = session.request({ ":path": "/", ":method": "POST" })
      stream.on("error", () => {})
      stream.close(8)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test("HTTP/2: heads of 100 KB, and of a thousand fields, are refused", async () => {
  const session = await attacked.http2()
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x-${i}`, "a"]))
  for (const headers of [{ "x-a": "a".repeat(100_000) }, many]) {
    const stream = session.request({ ":path": "/well", ...headers })
    const answered = once(stream, "response").then(() => "answered")
    const refused = once(stream, "close").then(() => "refused")
    answered.catch(() => {})
    stream.on("error", () => {})
    assert.equal(await Promise.race([answered, refused.catch(() => "refused")]).catch(() => "refused"), "refused")
  }
  session.destroy()
})

test("HTTP/2: a head without an end, in more and more frames, ends the connection", async () => {
  const socket = await attacked.raw("h2")
  socket.write(Buffer.concat([opening, frame(1, 0, 1, Buffer.from([0x82, 0x84, 0x87]))]))
  // A literal field, never indexed, without a name's end in sight.
  const more = frame(9, 0, 1, Buffer.concat([Buffer.from([0x10, 0x01, 0x61, 0x7f, 0x81, 0x7e]), Buffer.alloc(16_000, "a")])) // prettier-ignore
  const closed = untilClosed(socket)
  for (let i = 0; i < 200 && socket.writable; i++) {
    socket.write(more)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
})

test("HTTP/2: floods of pings and of settings, unread, end the connection", async () => {
  for (const one of [frame(6, 0, 0, Buffer.alloc(8)), frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))]) {
    const socket = await attacked.raw("h2")
    socket.pause()
    socket.write(opening)
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => one))
    for (let i = 0; i < 200 && socket.writable; i++) {
      socket.write(flood)
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.destroy()
  }
})

test("a handler that throws, or answers with a header that cannot be sent, is a fault of that request only", async () => {
  const session = await attacked.http2()
  const broken = session.request({ ":path": "/broken" })
  const [headers] = (await once(broken, "response")) as [Record<string, unknown>]
  assert.equal(headers[":status"], 500)
  const unsendable = session.request({ ":path": "/headers" })
  unsendable.on("error", () => {})
  await once(unsendable, "close").catch(() => {})
  session.destroy()
  const socket = await attacked.raw("http/1.1")
  socket.write("GET /headers HTTP/1.1\r\nHost: x\r\n\r\n")
  await untilClosed(socket)
  // Node throws for HTTP/1.1 only; over HTTP/2 the stream ends without a word.
  assert.deepEqual(
    attacked.faults.splice(0).map((fault) => fault.split(" ")[0]),
    ["Request", "Cannot"],
  )
})

const HEAD = Buffer.from(
  "POST /well?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
)
const FRAMES = Buffer.concat([
  opening,
  // GET https /well, in the static table but for the path; a window, a ping, a reset, data of no stream.
  frame(1, 5, 1, Buffer.from([0x82, 0x87, 0x04, 0x05, ...Buffer.from("/well"), 0x41, 0x01, 0x78])),
  frame(8, 0, 0, Buffer.from([0, 1, 0, 0])),
  frame(6, 0, 0, Buffer.alloc(8)),
  frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
  frame(0, 1, 3, Buffer.from("abc")),
])

test("mangled requests of either protocol end their connection at the most", async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), fc.boolean(), async (g, isHttp2) => {
      const socket = await attacked.raw(isHttp2 ? "h2" : "http/1.1")
      socket.end(mangled(g, isHttp2 ? FRAMES : HEAD))
      await untilClosed(socket)
      assert.deepEqual(attacked.faults, [])
    }),
    fuzzing(60),
  )
})
