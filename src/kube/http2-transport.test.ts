import assert from "node:assert/strict"
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2"
import { createSecureServer } from "node:http2"
import { createServer as createHttps } from "node:https"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import { createServer as createHttp } from "node:http"
import { once } from "node:events"
import { test } from "node:test"
import { realClock } from "#lib/clock.ts"
import { ConnectionError, isStream, readBody } from "#lib/http.ts"
import type { HttpResponse } from "#lib/http.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { Http2TransportOptions } from "./http2-transport.ts"
import { newHttp2Transport } from "./http2-transport.ts"
import { newTestAuthority } from "./testing/test-certificates.ts"

const authority = newTestAuthority()
const SERVER = authority.issue("hub.example", "serverAuth")

type Respond = (request: Http2ServerRequest, response: Http2ServerResponse) => void

/** What the server saw of a request. */
const echo: Respond = (request, response) => {
  const peer = (request.socket as TLSSocket).getPeerCertificate()
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    response.setHeader("content-type", "application/json")
    response.end(
      JSON.stringify({
        version: request.httpVersion,
        method: request.method,
        path: request.url,
        authorization: request.headers.authorization,
        peer: peer.subject?.CN,
        body: Buffer.concat(chunks).toString(),
      }),
    )
  })
}

async function withServer(
  respond: Respond,
  body: (world: {
    server: string
    sessions: ServerHttp2Session[]
    connect: (options?: Partial<Http2TransportOptions>) => ReturnType<typeof newHttp2Transport>
  }) => Promise<void>,
  options: { maxConcurrentStreams?: number; http1?: boolean } = {},
): Promise<void> {
  const tls = { ...SERVER, ca: authority.ca, requestCert: true, rejectUnauthorized: false }
  const server = options.http1
    ? createHttps(tls, respond as unknown as Parameters<typeof createHttps>[1])
    : createSecureServer({ ...tls, settings: { maxConcurrentStreams: options.maxConcurrentStreams ?? 100 } }, respond)
  const sessions: ServerHttp2Session[] = []
  const sockets = new Set<TLSSocket>()
  server.on("session", (session: ServerHttp2Session) => {
    session.on("error", () => undefined)
    sessions.push(session)
  })
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const open: { close(): void }[] = []
  try {
    await body({
      server: url,
      sessions,
      connect(more) {
        const transport = newHttp2Transport({ server: url, ca: authority.ca, clock: realClock, ...more })
        open.push(transport)
        return transport
      },
    })
  } finally {
    for (const transport of open) transport.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

const get = (path: string, signal?: AbortSignal) => ({
  method: "GET",
  path,
  headers: {},
  ...(signal === undefined ? {} : { signal }),
})
const jsonOf = async (response: HttpResponse) => JSON.parse(Buffer.from(await readBody(response.body)).toString())

/** Collects a stream; `ended` resolves with its error. */
function collect(response: HttpResponse) {
  assert.ok(isStream(response.body))
  const ended = Promise.withResolvers<Error | undefined>()
  const first = Promise.withResolvers<void>()
  let text = ""
  const stop = response.body.start({
    write(chunk) {
      text += Buffer.from(chunk).toString()
      first.resolve()
      return 0
    },
    end: (error) => ended.resolve(error),
  })
  return { stop, ended: ended.promise, first: first.promise, text: () => text }
}

/** A watch: one line at once, more when the test says so. */
function newWatchServer() {
  const open: Http2ServerResponse[] = []
  const respond: Respond = (request, response) => {
    if (!request.url.includes("watch")) return echo(request, response)
    response.write("first\n")
    open.push(response)
  }
  return { open, respond }
}

test("newHttp2Transport: path prefix, body, token and client certificate arrive, all on one connection", () =>
  withServer(echo, async ({ server, sessions, connect }) => {
    const transport = connect({
      server: `${server}/clusters/cluster1/`,
      ...authority.issue("agent", "clientAuth"),
      token: "t0",
    })
    const sent = { method: "POST", path: "/api/v1/x?y=z", headers: { "content-type": "application/json" } }
    const answers = await Promise.all(
      [1, 2, 3].map(async (n) => jsonOf(await transport({ ...sent, body: Buffer.from(`{"n":${n}}`) }))),
    )
    assert.deepEqual(
      answers,
      [1, 2, 3].map((n) => ({
        version: "2.0",
        method: "POST",
        path: "/clusters/cluster1/api/v1/x?y=z",
        authorization: "Bearer t0",
        peer: "agent",
        body: `{"n":${n}}`,
      })),
    )
    assert.equal(sessions.length, 1)
  }))

test("newHttp2Transport: a server that offers no HTTP/2 is spoken to in HTTP/1.1", () =>
  withServer(
    echo,
    async ({ connect }) => {
      const transport = connect({ ...authority.issue("agent", "clientAuth"), token: "t0" })
      for (let i = 0; i < 2; i++) {
        const answer = await jsonOf(await transport({ ...get("/livez"), method: "PUT", body: Buffer.from("b") }))
        assert.deepEqual(answer, {
          version: "1.1",
          method: "PUT",
          path: "/livez",
          authorization: "Bearer t0",
          peer: "agent",
          body: "b",
        })
      }
    },
    { http1: true },
  ))

test("newHttp2Transport: plain http:// works without TLS", async () => {
  const server = createHttp((request, response) => response.end(request.url))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const transport = newHttp2Transport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock: realClock,
  })
  const response = await transport(get("/livez"))
  assert.equal(Buffer.from(await readBody(response.body)).toString(), "/livez")
  transport.close()
  server.close()
})

for (const http1 of [false, true]) {
  const name = http1 ? "HTTP/1.1" : "HTTP/2"
  test(`newHttp2Transport, ${name}: a stream comes in pieces, is stopped by its reader, and breaks loudly`, () => {
    const { open, respond } = newWatchServer()
    return withServer(
      respond,
      async ({ connect }) => {
        const transport = connect()
        const [a, b, c] = await Promise.all(
          ["a", "b", "c"].map(async (n) => collect(await transport(get(`/watch/${n}`)))),
        )
        await Promise.all([a!.first, b!.first, c!.first])
        const closed = Promise.all(open.map((response) => once(response, "close")))
        // Which answer belongs to which watch does not matter: each of them ends in one of three ways.
        open.find((response) => response.req.url === "/watch/a")!.end("last\n")
        b!.stop()
        const third = open.find((response) => response.req.url === "/watch/c")!
        if (http1) third.socket.destroy()
        else third.stream.close(2)
        assert.equal(await a!.ended, undefined)
        assert.equal(a!.text(), "first\nlast\n")
        assert.ok((await c!.ended) instanceof ConnectionError)
        await closed
      },
      { http1 },
    )
  })

  test(`newHttp2Transport, ${name}: a signal ends a request that waits and a stream that runs`, () => {
    const { open, respond } = newWatchServer()
    const waiting = Promise.withResolvers<void>()
    return withServer(
      (request, response) => (request.url === "/never" ? waiting.resolve() : respond(request, response)),
      async ({ connect }) => {
        const transport = connect()
        const abort = new AbortController()
        const never = transport(get("/never", abort.signal))
        const stream = collect(await transport(get("/watch", abort.signal)))
        await Promise.all([stream.first, waiting.promise])
        const closed = once(open[0]!, "close")
        const reason = new Error("enough")
        abort.abort(reason)
        await assert.rejects(never, reason)
        assert.ok((await stream.ended) instanceof Error)
        await closed
        await assert.rejects(transport(get("/livez", abort.signal)), reason)
      },
      { http1 },
    )
  })

  test(`newHttp2Transport, ${name}: an answer without a body`, () =>
    withServer(
      (_request, response) => void response.writeHead(204).end(),
      async ({ connect }) => {
        const response = await connect()(get("/nothing"))
        assert.equal(response.status, 204)
        assert.equal((await readBody(response.body)).length, 0)
      },
      { http1 },
    ))

  test(`newHttp2Transport, ${name}: close breaks what runs and refuses what comes`, () => {
    const { respond } = newWatchServer()
    return withServer(
      respond,
      async ({ connect }) => {
        const transport = connect()
        const stream = collect(await transport(get("/watch")))
        await stream.first
        transport.close()
        assert.ok((await stream.ended) instanceof ConnectionError)
        await assert.rejects(transport(get("/livez")), ConnectionError)
      },
      { http1 },
    )
  })
}

test("newHttp2Transport: a further connection is opened at the server's bound and left when it is spare", () => {
  const { open, respond } = newWatchServer()
  return withServer(
    respond,
    async ({ sessions, connect }) => {
      const transport = connect()
      const streams = await Promise.all([1, 2, 3, 4, 5].map(async (n) => collect(await transport(get(`/watch/${n}`)))))
      assert.equal(sessions.length, 3, "five watches at two a connection")
      const last = once(sessions[2]!, "close")
      for (const response of open) response.end()
      for (const stream of streams) assert.equal(await stream.ended, undefined)
      await readBody((await transport(get("/livez"))).body)
      await last
      assert.equal(sessions.filter((session) => !session.destroyed).length, 1)
    },
    { maxConcurrentStreams: 2 },
  )
})

test("newHttp2Transport: after GOAWAY new requests go elsewhere and running ones go on", () => {
  const { open, respond } = newWatchServer()
  return withServer(respond, async ({ sessions, connect }) => {
    const transport = connect()
    const stream = collect(await transport(get("/watch")))
    await stream.first
    // Graceful, as a server does that wants to rebalance its clients.
    sessions[0]!.close()
    // The frame needs no answer; a request that crosses it is refused, and sent again on the next connection.
    assert.equal((await jsonOf(await transport(get("/livez")))).path, "/livez")
    while (sessions.length < 2) await jsonOf(await transport(get("/livez")))
    open[0]!.end("last\n")
    assert.equal(await stream.ended, undefined)
    assert.equal(stream.text(), "first\nlast\n")
  })
})

test("newHttp2Transport: a broken connection fails what runs, and the next request opens another", () => {
  const { respond } = newWatchServer()
  return withServer(respond, async ({ sessions, connect }) => {
    const transport = connect()
    const stream = collect(await transport(get("/watch")))
    await stream.first
    sessions[0]!.destroy()
    assert.ok((await stream.ended) instanceof ConnectionError)
    assert.equal((await transport(get("/livez"))).status, 200)
    assert.equal(sessions.length, 2)
  })
})

test("newHttp2Transport: reconnect uses the rotated certificate and lets running streams run", () => {
  const { open, respond } = newWatchServer()
  return withServer(respond, async ({ connect }) => {
    let current = { ...authority.issue("before", "clientAuth"), token: "t1" }
    const transport = connect({ credentials: () => current })
    const stream = collect(await transport(get("/watch")))
    current = { ...authority.issue("after", "clientAuth"), token: "t2" }
    const kept = await jsonOf(await transport(get("/")))
    assert.deepEqual([kept.peer, kept.authorization], ["before", "Bearer t2"])
    transport.reconnect()
    const renewed = await jsonOf(await transport(get("/")))
    assert.deepEqual([renewed.peer, renewed.authorization], ["after", "Bearer t2"])
    open[0]!.end("last\n")
    assert.equal(await stream.ended, undefined)
    assert.equal(stream.text(), "first\nlast\n")
  })
})

test("newHttp2Transport: a peer that answers no ping is given up", () => {
  const { respond } = newWatchServer()
  return withServer(respond, async ({ connect }) => {
    const clock = newVirtualClock(realClock.nowMs())
    const transport = connect({ clock, pingIntervalMs: 30_000, pingTimeoutMs: 15_000 })
    const stream = collect(await transport(get("/watch")))
    await stream.first
    // Virtual time runs past the ping's timeout before a real socket can bring the answer.
    let over = false
    const ended = stream.ended.then((error) => {
      over = true
      return error
    })
    while (!over) await clock.advance(45_000)
    const error = await ended
    assert.ok(error instanceof ConnectionError)
    assert.match(String((error.cause as Error).message), /no answer to a ping within 15000 ms/)
  })
})

for (const { name, options, want } of [
  { name: "another authority", options: { ca: newTestAuthority("other").ca }, want: /self-signed|unable to/ },
  { name: "another name", options: { serverName: "other.example" }, want: /altnames/i },
  { name: "a key that is none", options: { cert: "x", key: "y" }, want: /PEM|decoder|unsupported|no start line/i },
]) {
  test(`newHttp2Transport: refused before anything is sent: ${name}`, () =>
    withServer(
      () => assert.fail("no request arrives"),
      async ({ connect }) => {
        await assert.rejects(connect(options)(get("/")), (error) => {
          assert.ok(error instanceof ConnectionError)
          assert.match((error.cause as Error).message, want)
          return true
        })
      },
    ))
}

test("newHttp2Transport: serverName and insecure", () =>
  withServer(echo, async ({ connect }) => {
    assert.equal((await connect({ serverName: "hub.example" })(get("/"))).status, 200)
    assert.equal((await connect({ ca: newTestAuthority("other").ca, insecure: true })(get("/"))).status, 200)
  }))

test("newHttp2Transport: nothing listens there", async () => {
  const server = createHttp()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  const transport = newHttp2Transport({ server: `https://127.0.0.1:${port}`, clock: realClock })
  await assert.rejects(transport(get("/")), ConnectionError)
  await assert.rejects(transport(get("/")), /Cannot connect to 127.0.0.1/)
})

test("newHttp2Transport: a server that accepts and stays silent is given up", async () => {
  const { createServer } = await import("node:net")
  const server = createServer((socket) => socket.on("error", () => undefined))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const clock = newVirtualClock(0)
  const connected = once(server, "connection")
  const transport = newHttp2Transport({
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock,
    connectTimeoutMs: 5_000,
  })
  const failed = assert.rejects(transport(get("/")), (error: Error) =>
    /within 5000 ms/.test(String((error.cause as Error).message)),
  )
  const [socket] = await connected
  await clock.advance(5_000)
  await failed
  socket.destroy()
  server.close()
})
