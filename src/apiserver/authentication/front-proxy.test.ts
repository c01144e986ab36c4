import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { newFrontProxyAuthenticator } from "./front-proxy.ts"

const NOW_MS = Date.UTC(2026, 0, 1)
const clock = newVirtualClock(NOW_MS)
const random = seededRandom(1)
const proxyCa = newCertificateAuthority({ commonName: "proxies", clock, random })
const otherCa = newCertificateAuthority({ commonName: "clients", clock, random })
const certificate = (commonName: string, ca = proxyCa, usage = "clientAuth") =>
  signCertificate({
    ca,
    random,
    subject: { commonName, organizations: ["system:masters"] },
    publicKey: newPrivateKey(random),
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + DAY_MS,
    usages: [usage],
  }).der
const authenticate = newFrontProxyAuthenticator({
  clientCa: proxyCa.certificatePem,
  allowedNames: ["proxy"],
  usernameHeaders: ["x-remote-user", "x-user"],
  uidHeaders: ["x-remote-uid"],
  groupHeaders: ["x-remote-group"],
  extraHeaderPrefixes: ["x-remote-extra-"],
})
const judge = (der: Uint8Array | undefined, headers: Record<string, string>, values: Record<string, string[]> = {}) =>
  authenticate(
    {
      method: "GET",
      path: "/",
      headers,
      peer: { address: "", ...(der === undefined ? {} : { certificate: der }) },
      valuesOf: (name) => values[name] ?? [headers[name]!],
    },
    NOW_MS,
  )
const HEADERS = { "x-remote-user": "jane" }

test("a proxy says whose request it is: user, uid, groups, extra", () => {
  const headers = { ...HEADERS, "x-remote-uid": "1", "x-remote-group": "a, b", "x-remote-extra-acme.com%2fk": "x" }
  const user = judge(certificate("proxy"), headers, { "x-remote-group": ["a", "b"] })
  assert.deepEqual(user, { name: "jane", uid: "1", groups: ["a", "b"], extra: { "acme.com/k": ["x"] } })
  assert.deepEqual(judge(certificate("proxy"), { "x-user": "joe" }), { name: "joe", groups: [] })
})

test("a group whose name has a comma is one group", () => {
  const headers = { ...HEADERS, "x-remote-group": "a, system:masters" }
  assert.deepEqual(judge(certificate("proxy"), headers)?.groups, ["a, system:masters"])
})

test("headers of those who are no proxies count for nothing", () => {
  assert.equal(judge(undefined, HEADERS), undefined)
  assert.equal(judge(certificate("proxy", otherCa), HEADERS), undefined)
  assert.equal(judge(certificate("proxy"), {}), undefined)
  assert.throws(() => judge(certificate("somebody"), HEADERS), {
    message: "x509: subject with cn=somebody is not in the allowed list",
  })
  assert.throws(() => judge(certificate("proxy", proxyCa, "serverAuth"), HEADERS), /certificate is not for clientAuth/)
})
