import assert from "node:assert/strict"
import { test } from "node:test"
import { answerHeaders, requestHeaders } from "./proxied-headers.plan.ts"

const way = { address: "192.0.2.1", host: "hub:6443", isUpgrade: false }
const alice = { name: "alice", groups: [] }

test("the user is told by headers, and nobody else's word for it counts", () => {
  const headers = {
    authorization: "Bearer t",
    "x-remote-user": "admin",
    "x-remote-group": "system:masters",
    "x-remote-extra-scopes": "all",
    "impersonate-user": "root",
    accept: "application/json",
  }
  const user = { name: "alice", uid: "7", groups: ["a", "b, c"], extra: { "example.com/Role s": ["x", "y"], none: [] } }
  assert.deepEqual(requestHeaders(headers, user, way), {
    accept: "application/json",
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "hub:6443",
    "x-remote-user": "alice",
    "x-remote-uid": "7",
    "x-remote-group": ["a", "b, c"],
    "x-remote-extra-example.com%2frole%20s": ["x", "y"],
  })
})

test("headers of one connection end here, but for an upgrade's", () => {
  const headers = { connection: "Upgrade, x", upgrade: "SPDY/3.1", te: "trailers", "transfer-encoding": "chunked" }
  const told = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-remote-user"]
  assert.deepEqual(Object.keys(requestHeaders(headers, alice, way)).toSorted(), told)
  const upgraded = requestHeaders(headers, alice, { ...way, isUpgrade: true })
  assert.deepEqual([upgraded["connection"], upgraded["upgrade"]], ["Upgrade", "SPDY/3.1"])
  assert.deepEqual(answerHeaders({ ...headers, etag: "x" }, false), { etag: "x" })
  assert.deepEqual(answerHeaders(headers, true), { connection: "Upgrade, x", upgrade: "SPDY/3.1" })
})

test("who came through other proxies is told with them", () => {
  const sent = requestHeaders({ "x-forwarded-for": "198.51.100.1" }, alice, { ...way, host: "" })
  assert.equal(sent["x-forwarded-for"], "198.51.100.1, 192.0.2.1")
  assert.equal(sent["x-forwarded-host"], undefined)
})
