import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Clock } from "#lib/clock.ts"
import { seededRandom } from "#lib/random.ts"
import { DAY_MS, loadCertificateAuthority, newCertificateAuthority, signCertificate } from "./authority.ts"
import { certificateChainOf, certificatePem, distrustReason, issuersAmong, parseCertificate } from "./certificate.ts"
import { createCsr, CsrError, parseCsr } from "./csr.ts"
import { newPrivateKey, privateKeyPem, publicKeyPem } from "./keys.ts"
import { decodePem, encodePem } from "./pem.ts"

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const clockAt = (nowMs: number): Clock => ({ nowMs: () => nowMs, setTimer: () => assert.fail("no timer is needed") })
const random = seededRandom(1)
const ca = newCertificateAuthority({ commonName: "ca", clock: clockAt(NOW_MS), random })
const otherCa = newCertificateAuthority({ commonName: "ca", clock: clockAt(NOW_MS), random })
const key = newPrivateKey(random)

const leaf = (changes: Partial<Parameters<typeof signCertificate>[0]> = {}) =>
  signCertificate({
    ca,
    random,
    subject: { commonName: "user", organizations: ["g1", "g2"] },
    publicKey: key,
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + DAY_MS,
    usages: ["clientAuth"],
    ...changes,
  })

test("newPrivateKey: the same key from the same randomness", () => {
  assert.equal(privateKeyPem(newPrivateKey(seededRandom(7))), privateKeyPem(newPrivateKey(seededRandom(7))))
  assert.notEqual(privateKeyPem(newPrivateKey(seededRandom(7))), privateKeyPem(newPrivateKey(seededRandom(8))))
})

test("signCertificate: what was asked for can be read", () => {
  const certificate = leaf({ dnsNames: ["a.b"], ipAddresses: ["::1"], uris: ["u:x"], emailAddresses: ["m@n"] })
  const { subject, issuer, altNames, isCa, extendedUsages, keyUsages } = certificate
  assert.deepEqual([subject.commonName, subject.organizations, issuer.commonName], ["user", ["g1", "g2"], "ca"])
  assert.deepEqual([certificate.notBeforeMs, certificate.notAfterMs], [NOW_MS, NOW_MS + DAY_MS])
  assert.deepEqual(altNames, { dnsNames: ["a.b"], ipAddresses: ["::1"], uris: ["u:x"], emailAddresses: ["m@n"] })
  assert.deepEqual([isCa, extendedUsages, keyUsages], [false, ["clientAuth"], ["digitalSignature", "keyEncipherment"]])
  assert.deepEqual(certificate.authorityKeyId, ca.certificate.subjectKeyId)
  assert.match(certificate.serial, /^[4-7][0-9a-f]{31}$/)
  assert.deepEqual(parseCertificate(certificatePem(certificate)).der, certificate.der)
})

test("signCertificate: a name that is not ASCII is refused, not mangled", () => {
  assert.throws(() => leaf({ dnsNames: ["bücher.example"] }), /Cannot certify name/)
  assert.throws(() => leaf({ ipAddresses: ["localhost"] }), /Cannot use "localhost" as an IP address/)
})

test("signCertificate: validity beyond 2050", () => {
  const far = Date.UTC(2060, 0, 1)
  assert.equal(leaf({ notAfterMs: far }).notAfterMs, far)
})

const defaults = { authorities: [ca.certificate], nowMs: NOW_MS, usage: "clientAuth" as const }
for (const { name, certificate, options, want } of [
  { name: "at the first instant", certificate: leaf(), want: undefined },
  { name: "before the first instant", certificate: leaf(), options: { nowMs: NOW_MS - 1 }, want: /not yet valid/ },
  { name: "at the last instant", certificate: leaf(), options: { nowMs: NOW_MS + DAY_MS }, want: undefined },
  { name: "after the last instant", certificate: leaf(), options: { nowMs: NOW_MS + DAY_MS + 1 }, want: /has expired/ },
  { name: "another authority of the same name", certificate: leaf({ ca: otherCa }), want: /unknown authority/ },
  {
    name: "one of several authorities",
    certificate: leaf(),
    options: { authorities: [otherCa.certificate, ca.certificate] },
    want: undefined,
  },
  { name: "no authority", certificate: leaf(), options: { authorities: [] }, want: /unknown authority/ },
  { name: "for servers only", certificate: leaf({ usages: ["serverAuth"] }), want: /not for clientAuth/ },
  { name: "for no purpose in particular", certificate: leaf({ usages: [] }), want: undefined },
  { name: "for any purpose", certificate: leaf({ usages: ["any"] }), want: undefined },
  {
    name: "the authority itself expired",
    certificate: leaf({ notAfterMs: NOW_MS + 9000 * DAY_MS }),
    options: { nowMs: NOW_MS + 8000 * DAY_MS },
    want: /authority that signed/,
  },
  {
    name: "signed by a certificate that is no authority",
    certificate: leaf({
      ca: { ...ca, certificate: leaf({ subject: { commonName: "fake", organizations: [] } }), key },
    }),
    options: { authorities: [leaf({ subject: { commonName: "fake", organizations: [] } })] },
    want: /unknown authority/,
  },
]) {
  test(`distrustReason: ${name}`, () => {
    const { authorities, ...rest } = { ...defaults, ...options }
    const reason = distrustReason(certificate, { ...rest, issuers: issuersAmong(authorities, certificate) })
    if (want === undefined) assert.equal(reason, undefined)
    else assert.match(reason ?? "trusted", want)
  })
}

test("loadCertificateAuthority: files that do not belong together are refused", () => {
  const files = { certificatePem: ca.certificatePem, keyPem: ca.keyPem }
  assert.equal(loadCertificateAuthority(files).certificate.serial, ca.certificate.serial)
  assert.throws(() => loadCertificateAuthority({ ...files, keyPem: otherCa.keyPem }), /does not belong/)
  assert.throws(() => loadCertificateAuthority({ ...files, keyPem: "junk" }), /Cannot read private key/)
  assert.throws(
    () => loadCertificateAuthority({ certificatePem: certificatePem(leaf()), keyPem: privateKeyPem(key) }),
    /none of an authority/,
  )
})

test("PEM: blocks among other text, with headers and any line ends", () => {
  const der = Uint8Array.from({ length: 100 }, (_, i) => i)
  const block = encodePem("THING", der)
  const decoded = decodePem(
    `subject=x\n${block.replaceAll("\n", "\r\n")}between\n${block.replace("-----\n", "-----\nProc-Type: 4,X\nA: b\n\n")}`,
  )
  assert.deepEqual(
    decoded.map((b) => [b.label, [...b.der]]),
    [
      ["THING", [...der]],
      ["THING", [...der]],
    ],
  )
  assert.deepEqual(decodePem("-----BEGIN A-----\nAAAA\n-----END B-----"), [])
  assert.deepEqual(certificateChainOf(""), [])
})

const csr = createCsr({ key, commonName: "user", organizations: ["g"], dnsNames: ["a.b"] })

test("parseCsr: what was asked for can be read", () => {
  const { subject, altNames } = parseCsr(csr)
  assert.deepEqual([subject.commonName, subject.organizations], ["user", ["g"]])
  assert.deepEqual(altNames, { dnsNames: ["a.b"], ipAddresses: [], emailAddresses: [], uris: [] })
})

/** Made by Go's crypto/x509, as OCM's agents do: organizations as several values of one set. */
const GO_CSR = `-----BEGIN CERTIFICATE REQUEST-----
MIIBjzCCATUCAQAwgZ8xYjAoBgNVBAoTIXN5c3RlbTpvcGVuLWNsdXN0ZXItbWFu
YWdlbWVudDpjMTA2BgNVBAoTL3N5c3RlbTpvcGVuLWNsdXN0ZXItbWFuYWdlbWVu
dDptYW5hZ2VkLWNsdXN0ZXJzMQswCQYDVQQLEwJvdTEsMCoGA1UEAxMjc3lzdGVt
Om9wZW4tY2x1c3Rlci1tYW5hZ2VtZW50OmMxOmEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASQkaoSZ5NdTRJ2W3ZTnSn8xeSDhh+0vXa0nYDOxopTJ6lj6zNMAzqP
i7rEj1VQjV969n2xhcYLgxp+voB1sMGjoDMwMQYJKoZIhvcNAQkOMSQwIjAgBgNV
HREEGTAXggN4LnmHEAAAAAAAAAAAAAAAAAAAAAEwCgYIKoZIzj0EAwIDSAAwRQIh
ANMJOqSzEqOzetpA0PiCUNiStv1NO6WoRGbI3NpM7FIiAiBLc7BQf6tH8ASOeVke
fVkFjbKTz7gG/FsRc90HyUy6/A==
-----END CERTIFICATE REQUEST-----
`

test("parseCsr: a request of Go's", () => {
  const { subject, altNames } = parseCsr(GO_CSR)
  const cluster = "system:open-cluster-management"
  assert.equal(subject.commonName, `${cluster}:c1:a`)
  assert.deepEqual(subject.organizations, [`${cluster}:c1`, `${cluster}:managed-clusters`])
  assert.deepEqual(subject.organizationalUnits, ["ou"])
  assert.deepEqual([altNames.dnsNames, altNames.ipAddresses], [["x.y"], ["::1"]])
})

const csrDer = decodePem(csr)[0]!.der
for (const { name, text, want } of [
  { name: "no text", text: "", want: /no PEM block/ },
  { name: "words", text: "hello", want: /no PEM block/ },
  { name: "another block", text: publicKeyPem(key), want: /found PEM block "PUBLIC KEY"/ },
  { name: "a block of nothing", text: encodePem("CERTIFICATE REQUEST", new Uint8Array()), want: /malformed/ },
  { name: "a certificate as a request", text: encodePem("CERTIFICATE REQUEST", ca.certificate.der), want: /malformed/ },
  { name: "cut off", text: encodePem("CERTIFICATE REQUEST", csrDer.subarray(0, -1)), want: /malformed/ },
  {
    name: "more behind it",
    text: encodePem("CERTIFICATE REQUEST", Buffer.concat([csrDer, Uint8Array.of(0)])),
    want: /malformed/,
  },
  { name: "too long", text: csr + " ".repeat(70_000), want: /at most 65536/ },
]) {
  test(`parseCsr: ${name} is refused`, () => {
    assert.throws(
      () => parseCsr(text),
      (error) => error instanceof CsrError && want.test(error.message),
    )
  })
}

test("parseCsr: no changed byte goes unnoticed", () => {
  fc.assert(
    fc.property(fc.nat(csrDer.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(csrDer)
      changed[at]! ^= change
      assert.throws(() => parseCsr(encodePem("CERTIFICATE REQUEST", changed)), CsrError)
    }),
    { numRuns: 500 },
  )
})

test("parseCertificate: any bytes are read or refused with an Error that says what was read", () => {
  fc.assert(
    fc.property(fc.nat(ca.certificate.der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(ca.certificate.der)
      changed[at]! ^= change
      try {
        parseCertificate(changed)
      } catch (error) {
        assert.equal((error as Error).message, "Cannot read certificate")
      }
    }),
    { numRuns: 1000 },
  )
  assert.throws(() => parseCertificate(new Uint8Array(70_000)), /at most 65536/)
  assert.throws(() => parseCertificate("nothing"), /no CERTIFICATE block/)
})
