// Hostile requests in process, by the thousand: each is answered, none is a fault of the server. A failure tells its seed.
import assert from "node:assert/strict"
import { validateHeaderValue } from "node:http"
import { after, before, test } from "node:test"
import fc from "fast-check"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { fuzzing } from "./budget.ts"
import { hostileRequest, type HostileRequest } from "./requests.ts"
import { newHostileServer, type Answer, type HostileServer } from "./server.ts"

/** What kube-apiserver 1.35 answers with 500, too: the script `upstream-failures` records each. */
const UPSTREAM_FAILURES = [
  "strconv.ParseUint: parsing",
  "resourceVersion should not be set on objects to be created",
  "failed to create typed patch object",
  "failed to convert new object",
  "interface {}, but received a",
  "does not contain declared merge key",
  "doesn't match $setElementOrder list",
  "unknown patch type:",
  "unable to find api field in struct",
  "list element types are not identical",
]
/** A revision of the future, a `timeout` of a nanosecond. */
const TOO_LATE = ["Too large resource version", "did not complete within the allotted timeout"]

/** Processor time of one request, in ms: what takes longer keeps everybody else waiting. */
const BUSY_MS_MAX = 2_000

let world: HostileServer
before(async () => (world = await newHostileServer()))
after(() => world.end())

function check(request: HostileRequest, { status, headers, text }: Answer): void {
  const what = `${request.method} ${request.path.slice(0, 500)} ${Buffer.from(request.body ?? "")
    .toString()
    .slice(0, 2000)}`
  assert.ok(status >= 200 && status < 600, what)
  const known = status === 504 ? TOO_LATE : UPSTREAM_FAILURES
  if (status >= 500) assert.ok(known.some((message) => text.includes(message)), `${status} ${text}\n${what}`) // prettier-ignore
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value].flat()) validateHeaderValue(name, one as string)
  }
  assert.deepEqual(world.faults(), [], what)
}

test("hostile requests of an administrator are answered, and not with 500", async () => {
  const certificate = parseCertificate(world.server.pki.adminCertificate).der
  const infos = world.server.api.resources.all()
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      const request = hostileRequest(g, infos)
      const before = process.cpuUsage()
      const answer = await world.send({ ...request, peer: { address: "192.0.2.1", certificate } })
      const { user, system } = process.cpuUsage(before)
      check(request, answer)
      assert.ok((user + system) / 1000 < BUSY_MS_MAX, `${request.method} ${request.path} took ${user + system} µs`)
    }),
    fuzzing(3_000),
  )
})
