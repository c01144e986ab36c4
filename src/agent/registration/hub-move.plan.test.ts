import assert from "node:assert/strict"
import { test } from "node:test"
import type { HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import { hubEndpoint, movedEndpoint, parseHubEndpoint } from "#api/cluster/hub-endpoint.ts"
import { seededRandom } from "#lib/random.ts"
import { newCertificateAuthority } from "#lib/x509/authority.ts"
import { planHubMove } from "./hub-move.plan.ts"
import type { HubAddress } from "./credentials.ts"

const random = seededRandom(1)
const clock = { nowMs: () => Date.parse("2026-01-01T00:00:00Z"), setTimer: () => ({ cancel() {} }) }
const authority = (commonName: string) => newCertificateAuthority({ commonName, clock, random }).certificatePem
const [OLD, NEW] = [authority("old"), authority("new")]
const at = (server: string, ca?: string): HubAddress => ({ server, clusterEntry: "hub", ...(ca ? { ca } : {}) })
const [HERE, THERE] = ["https://here", "https://there:6443"]

for (const { name, current, published, want } of [
  { name: "where it says to be", current: at(HERE, OLD), published: { server: HERE, ca: OLD }, want: [] },
  {
    name: "the same authorities in another order",
    current: at(HERE, OLD + NEW),
    published: { server: HERE, ca: `two of them\n${NEW}${OLD}${NEW}` },
    want: [],
  },
  {
    name: "another address",
    current: at(HERE, OLD),
    published: { server: THERE, ca: OLD, former: [HERE] },
    want: [at(THERE, OLD)],
  },
  {
    name: "an authority more",
    current: at(HERE, OLD),
    published: { server: HERE, ca: OLD + NEW },
    want: [at(HERE, OLD + NEW)],
  },
  {
    name: "an authority less",
    current: at(HERE, OLD + NEW),
    published: { server: HERE, ca: NEW },
    want: [at(HERE, NEW)],
  },
  {
    name: "another authority at once: the server may still have the old certificate",
    current: at(HERE, OLD),
    published: { server: HERE, ca: NEW },
    want: [at(HERE, NEW), at(HERE, OLD + NEW)],
  },
  {
    name: "another authority and address",
    current: at(HERE, OLD),
    published: { server: THERE, ca: NEW, former: ["https://else", HERE] },
    want: [at(THERE, NEW), at(THERE, OLD + NEW), at(HERE, OLD + NEW)],
  },
  {
    name: "a way of its own to the hub: kept, with the new authority",
    current: at(HERE, OLD),
    published: { server: THERE, ca: NEW, former: ["https://else"] },
    want: [at(HERE, NEW), at(HERE, OLD + NEW)],
  },
  {
    name: "a way of its own to the hub, the same authority",
    current: at(HERE, OLD),
    published: { server: THERE, ca: OLD },
    want: [],
  },
  {
    name: "half of the way: nothing worse is tried",
    current: at(THERE, OLD + NEW),
    published: { server: THERE, ca: NEW, former: ["https://else", HERE] },
    want: [at(THERE, NEW)],
  },
  {
    name: "ready for another address: it is tried",
    current: at(HERE, OLD + NEW),
    published: { server: THERE, ca: NEW, former: ["https://else", HERE] },
    want: [at(THERE, NEW), at(THERE, OLD + NEW)],
  },
  {
    name: "the system's authorities from now on",
    current: at(HERE, OLD),
    published: { server: THERE, former: [HERE] },
    want: [at(THERE), at(THERE, OLD)],
  },
  {
    name: "not the system's any more",
    current: at(HERE),
    published: { server: HERE, ca: NEW },
    want: [at(HERE, NEW)],
  },
] satisfies { name: string; current: HubAddress; published: HubEndpoint; want: HubAddress[] }[]) {
  test(`planHubMove: ${name}`, () => assert.deepEqual(planHubMove(current, published), want))
}

for (const { name, endpoint, says } of [
  { name: "no server", endpoint: { server: "" }, says: /want a URL that begins with https/ },
  { name: "no TLS", endpoint: { server: "http://hub" }, says: /want a URL that begins with https/ },
  { name: "no certificate in ca.crt", endpoint: { server: HERE, ca: "x" }, says: /want 1 to 16 certificates/ },
  { name: "too many", endpoint: { server: HERE, ca: OLD.repeat(17) }, says: /want 1 to 16 certificates/ },
  { name: "too long", endpoint: { server: HERE, ca: OLD + "x".repeat(65536) }, says: /want 1 to 16 certificates/ },
]) {
  test(`parseHubEndpoint: ${name}`, () => assert.throws(() => parseHubEndpoint(hubEndpoint(endpoint)), says))
}
test("parseHubEndpoint: what was written", () => {
  for (const endpoint of [{ server: THERE }, { server: THERE, ca: OLD + NEW }, { server: THERE, former: [HERE] }]) {
    assert.deepEqual(parseHubEndpoint(hubEndpoint(endpoint)), endpoint)
  }
})

test("movedEndpoint: where it was is remembered, once, the newest first and some at most", () => {
  let endpoint: HubEndpoint = movedEndpoint(undefined, { server: HERE, ca: OLD })
  assert.deepEqual(endpoint, { server: HERE, ca: OLD })
  endpoint = movedEndpoint(endpoint, { server: HERE, ca: NEW })
  assert.deepEqual(endpoint, { server: HERE, ca: NEW })
  endpoint = movedEndpoint(movedEndpoint(endpoint, { server: THERE }), { server: "https://third" })
  assert.deepEqual(endpoint, { server: "https://third", former: [THERE, HERE] })
  endpoint = movedEndpoint(endpoint, { server: HERE })
  assert.deepEqual(endpoint, { server: HERE, former: ["https://third", THERE] })
  for (let i = 0; i < 20; i++) endpoint = movedEndpoint(endpoint, { server: `https://hub${i}` })
  assert.deepEqual([endpoint.former?.length, endpoint.former?.[0]], [8, "https://hub18"])
})
