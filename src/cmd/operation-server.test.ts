import assert from "node:assert/strict"
import { test } from "node:test"
import { newLog } from "#lib/log.ts"
import { realClock } from "#lib/clock.ts"
import { newMetrics } from "#lib/metrics.ts"
import { parseBindAddress, startOperationServer } from "./operation-server.ts"

for (const [text, host, port] of [
  ["127.0.0.1:8080", "127.0.0.1", 8080],
  [":8080", undefined, 8080],
  ["[::1]:0", "::1", 0],
  ["localhost:1", "localhost", 1],
] as const) {
  test(`parseBindAddress: ${text}`, () => assert.deepEqual(parseBindAddress(text), { host, port }))
}

for (const text of ["", "8080", "127.0.0.1", "::1:80", "a:99999", "a:b", "a:-1"]) {
  test(`parseBindAddress: "${text}" is refused`, () => assert.throws(() => parseBindAddress(text), /want HOST:PORT/))
}

async function newWorld(problem: () => string | undefined) {
  let address = ""
  const write = (line: string) => (address = (JSON.parse(line) as { address: string }).address)
  const server = await startOperationServer({
    bindAddress: "127.0.0.1:0",
    metrics: newMetrics(),
    readyChecks: [{ name: "informer-sync", check: problem }],
    log: newLog({ clock: realClock, level: "info", write }),
  })
  return { server, address, get: (path: string, init?: RequestInit) => fetch(`http://${address}${path}`, init) }
}

test("startOperationServer: ready follows its checks, alive does not; metrics; nothing else", async () => {
  let problem: string | undefined = "caches are not filled yet"
  const { server, get } = await newWorld(() => problem)
  const answer = async (path: string) => {
    const response = await get(path)
    return [response.status, await response.text()]
  }
  assert.deepEqual(await answer("/livez"), [200, "ok"])
  assert.deepEqual(await answer("/healthz"), [200, "ok"])
  const failed = "[+]ping ok\n[-]informer-sync failed: caches are not filled yet\nreadyz check failed\n"
  assert.deepEqual(await answer("/readyz"), [500, failed])
  problem = undefined
  assert.deepEqual(await answer("/readyz/informer-sync"), [200, "ok"])
  assert.equal((await answer("/"))[0], 404)
  assert.match(String((await answer("/metrics"))[1]), /^process_resident_memory_bytes \d+$/m)
  assert.equal((await get("/metrics", { method: "POST", body: "x" })).status, 405)
  assert.equal(await (await get("/livez", { method: "HEAD" })).text(), "")
  await server.close()
  await assert.rejects(get("/livez"))
})

test("startOperationServer: an address that is taken is an error with advice", async () => {
  const { server, address } = await newWorld(() => undefined)
  const again = startOperationServer({
    bindAddress: address,
    metrics: newMetrics(),
    readyChecks: [],
    log: newLog({ clock: realClock, level: "error", write: () => {} }),
  })
  await assert.rejects(again, { message: `Cannot serve health and metrics on ${address}` })
  await server.close()
})
