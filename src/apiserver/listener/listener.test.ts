import assert from "node:assert/strict"
import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import { connect, type ClientHttp2Session } from "node:http2"
import { request } from "node:https"
import type { Socket } from "node:net"
import { after, before, test } from "node:test"
import { realClock, sleep } from "#lib/clock.ts"
import type { BodySink, Upgrade } from "#lib/http.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { certificatePem, parseCertificate } from "#lib/x509/certificate.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import { LISTENER_LIMITS } from "./limits.ts"
import { newListener, type Listener } from "./listener.ts"

const ca = newCertificateAuthority({ commonName: "test", clock: realClock, random: realRandom })
const issue = (commonName: string, usage: string) => {
  const key = newPrivateKey(realRandom)
  const nowMs = realClock.nowMs()
  const certificate = signCertificate({
    ca,
    random: realRandom,
    subject: { commonName, organizations: [] },
    publicKey: key,
    notBeforeMs: nowMs - 1000,
    notAfterMs: nowMs + DAY_MS,
    usages: [usage],
    ipAddresses: ["127.0.0.1"],
  })
  return { cert: certificatePem(certificate), key: privateKeyPem(key) }
}
const client = issue("client", "clientAuth")

let listener: Listener
let seen: ServerRequest | undefined
let sink: BodySink | undefined
let stopped = 0
let closed = 0

before(async () => {
  listener = await newListener({
    address: "127.0.0.1",
    port: 0,
    tls: issue("server", "serverAuth"),
    clock: realClock,
    log: silentLog,
    route: (path) =>
      path.startsWith("/nowhere")
        ? undefined
        : {
            prefix: path.startsWith("/clusters/c1/") ? "/clusters/c1" : "",
            handler: async (incoming) => {
              seen = incoming
              if (incoming.path === "/not-modified")
                return { status: 304, headers: { etag: "x" }, body: new Uint8Array() }
              if (incoming.path === "/upgrade") {
                const upgrade: Upgrade = (connection) => ({
                  receive: (chunk) => connection.write(Buffer.from(`got ${Buffer.from(chunk).toString()}`)),
                  closed: () => void closed++,
                })
                const headers = { connection: "Upgrade", upgrade: "echo" }
                return { status: 101, headers, body: new Uint8Array(), upgrade }
              }
              if (incoming.path !== "/stream") {
                return { status: 201, headers: { "x-a": ["1", "2"] }, body: Buffer.from(incoming.body ?? "none") }
              }
              const start = (to: BodySink) => {
                sink = to
                to.write(Buffer.from("one\n"))
                return () => void stopped++
              }
              return { status: 200, headers: {}, body: { start } }
            },
          },
  })
})
after(() => listener.close())

type Answer = { status: number; body: string; headers: Record<string, unknown> }

function overHttp2(session: ClientHttp2Session, method: string, path: string, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": method, ":path": path }, { endStream: body === undefined })
    let status = 0
    let headers = {}
    let text = ""
    stream.on("response", (h) => {
      status = Number(h[":status"])
      headers = h
    })
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()))
    stream.on("end", () => resolve({ status, body: text, headers }))
    stream.on("error", reject)
    if (body !== undefined) stream.end(body)
  })
}

const connectClient = (withCertificate: boolean) =>
  connect(`https://127.0.0.1:${listener.port}`, { ca: ca.certificatePem, ...(withCertificate ? client : {}) })

test("HTTP/2: method, path without prefix, body and certificate reach the server behind the prefix", async () => {
  const session = connectClient(true)
  const answer = await overHttp2(session, "POST", "/clusters/c1/api/v1/x?y=1", "hello")
  session.close()
  assert.equal(answer.status, 201)
  assert.equal(answer.body, "hello")
  assert.equal(seen?.path, "/api/v1/x?y=1")
  assert.equal(seen?.method, "POST")
  assert.equal(parseCertificate(seen!.peer.certificate!).subject.commonName, "client")
})

test("HTTP/2: a sender without certificate has none, and an empty body is no body", async () => {
  const session = connectClient(false)
  const answer = await overHttp2(session, "POST", "/x")
  session.close()
  assert.equal(answer.body, "none")
  assert.equal(seen?.peer.certificate, undefined)
})

test("HTTP/2: an answer without a body ends with its head and is not broken off", async () => {
  const session = connectClient(false)
  const stream = session.request({ ":path": "/not-modified" })
  let aborted = false
  stream.on("aborted", () => (aborted = true))
  const headers = await new Promise<Record<string, unknown>>((resolve) => stream.on("response", resolve))
  stream.resume()
  await new Promise<void>((resolve) => stream.on("close", () => resolve()))
  session.close()
  assert.deepEqual(
    [headers[":status"], headers["etag"], headers["content-length"], aborted],
    [304, "x", undefined, false],
  )
})

test("HTTP/2: no server for the path is 404", async () => {
  const session = connectClient(false)
  const answer = await overHttp2(session, "GET", "/nowhere")
  session.close()
  assert.deepEqual([answer.status, answer.body], [404, "404 page not found\n"])
})

test("HTTP/2: a body beyond the bound is 413 with a Status", async () => {
  const session = connectClient(false)
  const answer = await overHttp2(session, "POST", "/x", Buffer.alloc(LISTENER_LIMITS.bodyBytesMax + 1))
  session.close()
  assert.equal(answer.status, 413)
  assert.equal(JSON.parse(answer.body).reason, "RequestEntityTooLarge")
})

test("HTTP/2: a stream is delivered as it comes and stopped when the receiver leaves", async () => {
  const session = connectClient(false)
  const stream = session.request({ ":path": "/stream" })
  const chunks: string[] = []
  const two = new Promise<void>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk.toString())
      if (chunks.join("") === "one\ntwo\n") resolve()
      else sink!.write(Buffer.from("two\n"))
    })
  })
  await two
  const before = stopped
  stream.close()
  await new Promise<void>((resolve) => stream.on("close", () => resolve()))
  // The server hears of it with the next frame: a request on the same session comes after that frame.
  await overHttp2(session, "GET", "/x")
  session.close()
  assert.equal(stopped, before + 1)
})

test("HTTP/2: what many watchers on one connection have not read yet keeps nobody's request from being answered", async () => {
  const session = connectClient(true)
  for (let i = 0; i < 24; i++) {
    const stream = session.request({ ":path": "/stream" })
    stream.on("error", () => {})
    await once(stream, "response")
    // Nobody reads: it stays on the server.
    sink!.write(Buffer.alloc(1 << 20))
  }
  assert.equal((await overHttp2(session, "GET", "/not-modified")).status, 304)
  session.destroy()
})

test("HTTP/1.1: the same server answers", async () => {
  const answer = await new Promise<Answer>((resolve, reject) => {
    const options = { method: "PUT", ca: ca.certificatePem, ...client, agent: false as const }
    const outgoing = request(`https://127.0.0.1:${listener.port}/clusters/c1/y`, options, (response) => {
      let body = ""
      response.on("data", (chunk: Buffer) => (body += chunk.toString()))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
    })
    outgoing.on("error", reject)
    outgoing.end("h1")
  })
  assert.deepEqual([answer.status, answer.body, answer.headers["x-a"]], [201, "h1", "1, 2"])
  assert.equal(seen?.path, "/y")
  assert.equal(parseCertificate(seen!.peer.certificate!).subject.commonName, "client")
})

test("a taken port is an error that names it", async () => {
  const taken = {
    address: "127.0.0.1",
    port: listener.port,
    tls: issue("server", "serverAuth"),
    clock: realClock,
    log: silentLog,
    route: () => undefined,
  }
  await assert.rejects(newListener(taken), { message: `Cannot listen on 127.0.0.1:${listener.port}` })
})

/** Asks to go on with another protocol. */
const upgrade = (path: string) =>
  request({
    host: "127.0.0.1",
    port: listener.port,
    path,
    ca: ca.certificatePem,
    agent: false,
    headers: { connection: "Upgrade", upgrade: "echo" },
  })

test("after a 101 the connection is bytes both ways, below a prefix too", async () => {
  const asked = upgrade("/clusters/c1/upgrade").end()
  const [answer, socket] = (await once(asked, "upgrade")) as [IncomingMessage, Socket]
  assert.deepEqual([answer.statusCode, answer.headers["upgrade"], seen?.path], [101, "echo", "/upgrade"])
  socket.write("x")
  const [chunk] = (await once(socket, "data")) as [Buffer]
  assert.equal(chunk.toString(), "got x")
  socket.end()
  await once(socket, "close")
  while (closed === 0) await sleep(realClock, 1)
})

test("a refused upgrade is an answer like any other, and the end of its connection", async () => {
  const asked = upgrade("/nowhere").end()
  const [answer] = (await once(asked, "response")) as [IncomingMessage]
  assert.deepEqual([answer.statusCode, answer.headers["connection"]], [404, "close"])
  answer.resume()
  await once(answer, "end")
})

test("the values of a header that was sent twice are told apart from one with a comma, over either protocol", async () => {
  const session = connectClient(false)
  const stream = session.request({ ":path": "/x", "x-group": ["a", "b, c"] })
  stream.resume()
  await once(stream, "close")
  session.close()
  assert.deepEqual([seen?.headers["x-group"], seen?.valuesOf?.("x-group")], ["a, b, c", ["a", "b, c"]])
  await new Promise<void>((resolve, reject) => {
    const headers = { "X-Group": ["d", "e, f"] }
    const options = { ca: ca.certificatePem, agent: false as const, headers }
    const outgoing = request(`https://127.0.0.1:${listener.port}/x`, options, (response) => {
      response.resume()
      response.on("end", () => resolve())
    })
    outgoing.on("error", reject)
    outgoing.end()
  })
  assert.deepEqual(seen?.valuesOf?.("x-group"), ["d", "e, f"])
  assert.deepEqual(seen?.valuesOf?.("x-none"), [])
})
