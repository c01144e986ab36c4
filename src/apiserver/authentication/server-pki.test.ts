import assert from "node:assert/strict"
import { X509Certificate } from "node:crypto"
import { test } from "node:test"
import type { Clock } from "#lib/clock.ts"
import { seededRandom } from "#lib/random.ts"
import { DAY_MS } from "#lib/x509/authority.ts"
import { distrustReason, isIssuedBy, parseCertificate } from "#lib/x509/certificate.ts"
import { ensureServerPki } from "./server-pki.ts"
import type { ServerPki } from "./server-pki.ts"

const START_MS = Date.UTC(2026, 0, 1)
const random = seededRandom(1)
const ensure = (existing: Partial<ServerPki>, nowMs = START_MS, serverNames: string[] = []) => {
  const clock: Clock = { nowMs: () => nowMs, setTimer: () => assert.fail("no timer is needed") }
  return ensureServerPki({ existing, serverNames, clock, random })
}
const first = ensure({}).pki

test("ensureServerPki: the first start makes everything, the second nothing", () => {
  assert.equal(ensure({}).changed.length, 10)
  assert.deepEqual(ensure(first), { pki: first, changed: [] })
})

test("ensureServerPki: the serving certificate has all names, the admin's is of system:masters", () => {
  const { pki } = ensure({}, START_MS, ["hub.example.com", "10.0.0.1", "fe80::0:1", "localhost"])
  const serving = new X509Certificate(pki.servingCertificate)
  assert.equal(
    serving.subjectAltName,
    "DNS:localhost, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:hub.example.com, " +
      "IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10.0.0.1, IP Address:FE80:0:0:0:0:0:0:1",
  )
  const ca = parseCertificate(pki.caCertificate)
  const trusts = (pem: string, usage: "clientAuth" | "serverAuth") =>
    distrustReason(parseCertificate(pem), { issuers: [ca], nowMs: START_MS, usage })
  assert.equal(trusts(pki.servingCertificate, "serverAuth"), undefined)
  assert.equal(trusts(pki.adminCertificate, "clientAuth"), undefined)
  assert.match(trusts(pki.adminCertificate, "serverAuth") ?? "", /not for serverAuth/)
  assert.deepEqual(parseCertificate(pki.adminCertificate).subject.organizations, ["system:masters"])
})

test("ensureServerPki: the proxy's certificate is of an authority that is no other's", () => {
  const { pki } = ensure({})
  const authority = parseCertificate(pki.proxyAuthority)
  const proxy = parseCertificate(pki.proxyCertificate)
  const why = distrustReason(proxy, { issuers: [authority], nowMs: START_MS, usage: "clientAuth" })
  assert.equal(why, undefined)
  assert.equal(proxy.subject.commonName, "front-proxy-client")
  assert.ok(isIssuedBy(proxy, authority))
  assert.ok(!isIssuedBy(proxy, parseCertificate(pki.caCertificate)))
})

const PROXY = ["proxyAuthority", "proxyCertificate", "proxyKey"]
const other = ensure({}).pki
for (const { name, existing, nowMs = START_MS, names = [], want } of [
  { name: "a new name", existing: first, names: ["hub"], want: ["servingCertificate"] },
  { name: "a name less", existing: ensure({}, START_MS, ["hub"]).pki, want: ["servingCertificate"] },
  { name: "90 days and a bit left", existing: first, nowMs: START_MS + 275 * DAY_MS - 1, want: [] },
  {
    name: "90 days left",
    existing: first,
    nowMs: START_MS + 275 * DAY_MS,
    want: ["servingCertificate", "adminCertificate", ...PROXY],
  },
  {
    name: "expired",
    existing: first,
    nowMs: START_MS + 400 * DAY_MS,
    want: ["servingCertificate", "adminCertificate", ...PROXY],
  },
  {
    name: "a clock that was set back",
    existing: ensure({}, START_MS + 40 * DAY_MS).pki,
    nowMs: START_MS + 41 * DAY_MS,
    want: [],
  },
  {
    name: "the admin's key is lost",
    existing: { ...first, adminKey: undefined },
    want: ["adminCertificate", "adminKey"],
  },
  { name: "another one's key", existing: { ...first, adminKey: first.servingKey }, want: ["adminCertificate"] },
  { name: "junk in a certificate", existing: { ...first, servingCertificate: "junk" }, want: ["servingCertificate"] },
  {
    name: "of another authority",
    existing: { ...first, servingCertificate: other.servingCertificate, servingKey: other.servingKey },
    want: ["servingCertificate"],
  },
  {
    name: "the service account key is lost",
    existing: { ...first, serviceAccountKey: undefined },
    want: ["serviceAccountKey"],
  },
  {
    name: "the authority's last days",
    existing: ensure(first, START_MS + 3640 * DAY_MS).pki,
    nowMs: START_MS + 3645 * DAY_MS,
    want: [],
  },
]) {
  test(`ensureServerPki: ${name}: ${want.join(" and ") || "nothing"} is new`, () => {
    const given = Object.fromEntries(Object.entries(existing).filter(([, pem]) => pem !== undefined))
    const { pki, changed } = ensure(given, nowMs, names)
    assert.deepEqual(changed, want)
    assert.deepEqual(ensure(pki, nowMs, names).changed, [])
  })
}

for (const { name, existing, nowMs = START_MS, want } of [
  {
    name: "no key",
    existing: { caCertificate: first.caCertificate },
    want: /its key is missing, want both or neither/,
  },
  { name: "no certificate", existing: { caKey: first.caKey }, want: /its certificate is missing/ },
  { name: "another key", existing: { ...first, caKey: other.caKey }, want: /does not belong/ },
  { name: "expired", existing: first, nowMs: START_MS + 3651 * DAY_MS, want: /valid until 2035-12-30/ },
  { name: "junk", existing: { ...first, caCertificate: "junk" }, want: /Cannot read certificate/ },
]) {
  test(`ensureServerPki: an authority that cannot be used is not replaced: ${name}`, () => {
    assert.throws(() => ensure(existing, nowMs), want)
  })
}
