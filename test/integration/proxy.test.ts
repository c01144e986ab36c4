// What the command cases do not reach: servers of HTTP/1.1 behind a proxy, and proxies that do not answer.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer as createHttps } from "node:https"
import { createServer, type AddressInfo, type Server } from "node:net"
import { test, type TestContext } from "node:test"
import { newHttp2Transport } from "#kube/http2-transport.ts"
import { realClock } from "#lib/clock.ts"
import { ConnectionError, readBody } from "#lib/http.ts"
import { startConnectProxy } from "../support/connect-proxy.ts"
import { newServing } from "../support/serving.ts"

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test("a server of HTTP/1.1 behind a proxy: each connection is a tunnel, and its certificate is checked", async (t) => {
  const serving = newServing("authority")
  const server = createHttps(serving, (request, response) => response.end(`${request.method} ${request.url}`))
  const port = await listening(t, server)
  const proxy = await startConnectProxy()
  t.after(() => proxy.close())
  const options = { server: `https://localhost:${port}`, proxy: proxy.url, clock: realClock }
  const transport = newHttp2Transport({ ...options, ca: serving.ca })
  t.after(() => transport.close())
  for (const path of ["/a", "/b"]) {
    const { status, body } = await transport({ method: "GET", path, headers: {} })
    assert.deepEqual([status, Buffer.from(await readBody(body)).toString()], [200, `GET ${path}`])
  }
  // The first finds out what the server speaks; the other two requests share a connection.
  assert.deepEqual(proxy.targets, [`localhost:${port}`, `localhost:${port}`])

  const wary = newHttp2Transport({ ...options, ca: newServing("another authority").ca })
  t.after(() => wary.close())
  await assert.rejects(Promise.resolve(wary({ method: "GET", path: "/", headers: {} })), ConnectionError)
})

test("a proxy that does not answer is waited for no longer than a server", async (t) => {
  const port = await listening(
    t,
    createServer(() => {}),
  )
  const proxy = `http://user:secret@127.0.0.1:${port}`
  const options = { server: "https://hub.example.com", proxy, clock: realClock, connectTimeoutMs: 50 }
  const transport = newHttp2Transport(options)
  t.after(() => transport.close())
  await assert.rejects(Promise.resolve(transport({ method: "GET", path: "/", headers: {} })), (error: Error) => {
    assert.equal(error.message, `Cannot connect to hub.example.com:443 through the proxy 127.0.0.1:${port}`)
    return true
  })
})
