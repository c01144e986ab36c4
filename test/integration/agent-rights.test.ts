// What an agent's certificate is good for on the embedded hub, its admission included.
import assert from "node:assert/strict"
import { before, describe, test } from "node:test"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { pathOf, type ResourceType } from "#apimachinery/gvk.ts"
import { readBody, type Transport } from "#lib/http.ts"
import { assertAgentRights } from "../cases/agent-rights.ts"
import { issuedTo, requestCertificate } from "../support/agent-certificate.ts"
import { newHub, type TestHub } from "./registration-hub.ts"

const NAMES = { own: "c1", other: "c2" }

describe("an agent's certificate", () => {
  let hub: TestHub
  let send: Transport
  before(async () => {
    hub = await newHub({ automatic: true })
    await hub.join("c2")
    const agent = await hub.join("c1")
    const csr = await requestCertificate(agent, "c1")
    await hub.advance(1_000)
    send = hub.transportWith(await issuedTo(hub.client, csr.name))
  })

  test("is good for its own cluster's objects and nothing else", async () => {
    await assertAgentRights(send, NAMES, "accepted")
  })

  for (const { path, want } of [
    { path: "/version", want: 200 },
    { path: "/apis", want: 200 },
    { path: "/livez", want: 200 },
    { path: "/metrics", want: 403 },
    { path: "/", want: 403 },
  ]) {
    test(`beside resources: ${path} is ${want}`, async () => {
      assert.equal((await send({ method: "GET", path, headers: {} })).status, want)
    })
  }

  test("does not move its cluster to another set", async () => {
    const path = pathOf(MANAGED_CLUSTERS as unknown as ResourceType, { name: "c1" })
    const own = await hub.client.get(MANAGED_CLUSTERS, { name: "c1" })
    const moved = { ...own.metadata.labels, "cluster.open-cluster-management.io/clusterset": "global" }
    const body = Buffer.from(JSON.stringify({ ...own, metadata: { ...own.metadata, labels: moved } }))
    const answer = await send({ method: "PUT", path, headers: { "content-type": "application/json" }, body })
    assert.equal(answer.status, 403)
    const { message } = JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    assert.match(message, /managedclustersets\/join.* cannot add\/remove a ManagedCluster/)
  })

  test("gets nobody else's certificate approved", async () => {
    const agent = hub.clientOver(send)
    const csr = await requestCertificate(agent, "c2")
    await hub.advance(1_000)
    const { status } = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name: csr.name })
    assert.deepEqual(status?.conditions ?? [], [])
  })

  test("is good for next to nothing once its cluster is shut out", async () => {
    await hub.client.patch(MANAGED_CLUSTERS, { name: "c1" }, { merge: { spec: { hubAcceptsClient: false } } })
    await hub.advance(1_000)
    await assertAgentRights(send, NAMES, "denied")
    hub.end()
  })
})
