import assert from "node:assert/strict"
import { test } from "node:test"
import type { Peer } from "#apiserver/request.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { ConnectionError } from "#lib/http.ts"
import { silentLog } from "#lib/log.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { simulatedConnections } from "./agent-connections.ts"

const clock = newVirtualClock(1_800_000_000_000)
const random = seededRandom(1)
const { signal } = new AbortController()
const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock, random })
const hub = { server: "https://hub", clusterEntry: "hub" }
const credentials = { clusterName: "cluster1", agentName: "agent", hub, certificate: pki.adminCertificate }

function connections() {
  const seen: { peer: Omit<Peer, "address">; authorization: string | undefined }[] = []
  const runtime = { clock, random, log: silentLog, signal }
  const made = simulatedConnections(runtime, hub, "id.secret", (peer) => async ({ headers }) => {
    seen.push({ peer: peer(), authorization: headers["authorization"] })
    return { status: 200, headers: {}, body: Buffer.from("{}") }
  })
  return { ...made, seen }
}

test("simulatedConnections: bootstrap shows the token, the agent its certificate", async () => {
  const { bootstrap, connect, seen } = connections()
  await bootstrap.connect().getCluster("cluster1", signal)
  await connect({ ...credentials, key: pki.adminKey }).cluster.get(signal)
  const { der } = parseCertificate(pki.adminCertificate)
  assert.deepEqual(seen, [
    { peer: {}, authorization: "Bearer id.secret" },
    { peer: { certificate: der }, authorization: undefined },
  ])
})

test("simulatedConnections: a certificate without its key connects to nobody", () => {
  assert.throws(() => connections().connect({ ...credentials, key: pki.servingKey }), ConnectionError)
})

test("simulatedConnections: what is closed sends nothing", async () => {
  const { connect, seen } = connections()
  const { cluster, close } = connect({ ...credentials, key: pki.adminKey })
  close()
  await assert.rejects(cluster.get(signal), ConnectionError)
  assert.deepEqual(seen, [])
})
