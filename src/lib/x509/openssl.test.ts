/**
 * Others must be able to read what we write. Judged by the `openssl` program; where the machine has none, by Node's
 * X509Certificate alone, and the test's name says so.
 */
import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { DAY_MS, loadCertificateAuthority, newCertificateAuthority, signCertificate } from "./authority.ts"
import {
  certificateChainOf,
  certificatePem,
  distrustReason,
  isIssuedBy,
  issuersAmong,
  parseCertificate,
} from "./certificate.ts"
import { createCsr, parseCsr } from "./csr.ts"
import { isSameKey, newPrivateKey, parsePrivateKey, privateKeyPem, publicKeyPem } from "./keys.ts"

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0
const judge = hasOpenssl ? "openssl" : "Node's X509Certificate (no openssl on this machine)"
const folder = mkdtempSync(join(tmpdir(), "hawser-x509-"))
after(() => rmSync(folder, { recursive: true }))

const openssl = (...args: string[]): string =>
  execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], cwd: folder })
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return name
}

const nowMs = realClock.nowMs()
const ca = newCertificateAuthority({ commonName: "test authority", clock: realClock, random: realRandom })
const key = newPrivateKey(realRandom)
const leafOptions = {
  ca,
  random: realRandom,
  subject: { commonName: "system:open-cluster-management:c1:ä", organizations: ["group one", "group two"] },
  publicKey: key,
  notBeforeMs: nowMs - 60_000,
  notAfterMs: nowMs + DAY_MS,
  usages: ["clientAuth", "serverAuth"],
  dnsNames: ["localhost", "kubernetes.default"],
  ipAddresses: ["127.0.0.1", "::1"],
}

test(`certificates of ours: accepted by ${judge}`, () => {
  const leaf = signCertificate(leafOptions)
  const pem = certificatePem(leaf)
  const node = new X509Certificate(pem)
  assert.ok(node.verify(createPublicKey(ca.certificatePem)))
  assert.ok(node.checkIssued(new X509Certificate(ca.certificatePem)))
  assert.ok(node.checkPrivateKey(key))
  assert.equal(node.ca, false)
  assert.equal(
    node.subjectAltName,
    "DNS:localhost, DNS:kubernetes.default, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  )
  assert.equal(node.serialNumber.toLowerCase(), leaf.serial)
  assert.equal(new X509Certificate(ca.certificatePem).ca, true)
  if (!hasOpenssl) return
  const [caFile, leafFile] = [file("ca.pem", ca.certificatePem), file("leaf.pem", pem)]
  for (const purpose of ["sslclient", "sslserver"]) {
    assert.match(openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", caFile, leafFile), /leaf.pem: OK/)
  }
  const text = openssl("x509", "-in", leafFile, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")
  assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment/)
  assert.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/)
  assert.match(text, /X509v3 Extended Key Usage:\s+TLS Web Client Authentication, TLS Web Server Authentication/)
  assert.match(text, /X509v3 Authority Key Identifier/)
  assert.match(openssl("x509", "-in", caFile, "-noout", "-text"), /CA:TRUE[\s\S]*X509v3 Subject Key Identifier/)
})

test(`certificates under authorities with other keys: accepted by ${judge}`, () => {
  for (const [name, privateKey] of [
    ["rsa", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
    ["p384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
    ["ed25519", generateKeyPairSync("ed25519").privateKey],
  ] as const) {
    const root = signCertificate({
      ca,
      random: realRandom,
      subject: { commonName: name, organizations: [] },
      publicKey: privateKey,
      notBeforeMs: nowMs,
      notAfterMs: nowMs + DAY_MS,
      usages: [],
      isCa: true,
    })
    const authority = loadCertificateAuthority({
      certificatePem: certificatePem(root),
      keyPem: privateKeyPem(privateKey),
    })
    const leaf = signCertificate({ ...leafOptions, ca: authority })
    assert.ok(isIssuedBy(leaf, root), name)
    const csr = createCsr({ key: privateKey, commonName: name, organizations: [] })
    assert.equal(parseCsr(csr).subject.commonName, name)
    if (!hasOpenssl) continue
    const chain = file("chain.pem", certificatePem(root))
    const files = [
      "-CAfile",
      file("ca.pem", ca.certificatePem),
      "-untrusted",
      chain,
      file("leaf.pem", certificatePem(leaf)),
    ]
    assert.match(openssl("verify", "-x509_strict", ...files), /OK/, name)
    openssl("req", "-verify", "-noout", "-in", file("csr.pem", csr))
  }
})

test(`keys and requests of ours: accepted by ${judge}`, () => {
  const pem = privateKeyPem(key)
  assert.match(pem, /^-----BEGIN EC PRIVATE KEY-----\n/)
  assert.ok(isSameKey(parsePrivateKey(pem), createPublicKey(publicKeyPem(key))))
  const csr = createCsr({
    key,
    commonName: "u",
    organizations: ["a", "b"],
    dnsNames: ["x.y"],
    ipAddresses: ["1.2.3.4"],
  })
  assert.ok(isSameKey(parseCsr(csr).publicKey, key))
  if (!hasOpenssl) return
  openssl("ec", "-check", "-noout", "-in", file("key.pem", pem))
  const text = openssl("req", "-verify", "-noout", "-text", "-in", file("csr.pem", csr))
  assert.match(text, /Subject: O ?= ?a, O ?= ?b, CN ?= ?u/)
  assert.match(text, /DNS:x.y, IP Address:1.2.3.4/)
})

test("requests of openssl: read like ours", { skip: hasOpenssl ? false : "needs the openssl program" }, () => {
  for (const args of [
    ["-newkey", "rsa:2048"],
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ["-newkey", "ed25519"],
  ]) {
    const subject = "/C=DE/O=one/O=two/OU=unit/CN=user"
    const csr = openssl(
      "req",
      "-new",
      "-nodes",
      "-keyout",
      "k.pem",
      ...args,
      "-subj",
      subject,
      "-addext",
      "subjectAltName=DNS:a.b,IP:::1,email:m@n,URI:spiffe://x",
    )
    const parsed = parseCsr(csr)
    assert.deepEqual(
      [parsed.subject.commonName, parsed.subject.organizations, parsed.subject.organizationalUnits],
      ["user", ["one", "two"], ["unit"]],
    )
    assert.deepEqual(parsed.altNames, {
      dnsNames: ["a.b"],
      ipAddresses: ["::1"],
      emailAddresses: ["m@n"],
      uris: ["spiffe://x"],
    })
  }
})

test(
  "certificates of openssl: read and verified like ours",
  { skip: hasOpenssl ? false : "needs the openssl program" },
  () => {
    const args = [
      "req",
      "-x509",
      "-nodes",
      "-newkey",
      "rsa:2048",
      "-keyout",
      "r.pem",
      "-subj",
      "/O=org/CN=root",
      "-days",
      "2",
    ]
    const root = parseCertificate(openssl(...args))
    assert.equal(root.subject.commonName, "root")
    assert.equal(root.isCa, true)
    assert.ok(isIssuedBy(root, root))
    assert.equal(root.notAfterMs - root.notBeforeMs, 2 * DAY_MS)
    assert.equal(
      distrustReason(root, { issuers: issuersAmong([root], root), nowMs: root.notBeforeMs, usage: "clientAuth" }),
      undefined,
    )
    assert.deepEqual(
      certificateChainOf(certificatePem(root) + privateKeyPem(key) + ca.certificatePem).map(
        (c) => c.subject.commonName,
      ),
      ["root", "test authority"],
    )
  },
)
