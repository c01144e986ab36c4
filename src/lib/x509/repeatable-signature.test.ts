import assert from "node:assert/strict"
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { test } from "node:test"
import { jwtSigner } from "#lib/jwt.ts"
import { realRandom, seededRandom } from "#lib/random.ts"
import type { Random } from "#lib/random.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { newCertificateAuthority, signCertificate } from "./authority.ts"
import { certificatePem } from "./certificate.ts"
import { createCsr } from "./csr.ts"
import { newPrivateKey } from "./keys.ts"
import { canSignRepeatably, signRepeatably } from "./repeatable-signature.ts"

const base64url = (hex: string) => Buffer.from(hex, "hex").toString("base64url")

/** Source: RFC 6979, A.2.5. */
const KEY = createPrivateKey({
  format: "jwk",
  key: {
    kty: "EC",
    crv: "P-256",
    d: base64url("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"),
    x: base64url("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"),
    y: base64url("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"),
  },
})

const vectors = [
  {
    data: "sample",
    r: "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
    s: "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
  },
  {
    data: "test",
    r: "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
    s: "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
  },
]

for (const { data, r, s } of vectors) {
  test(`signRepeatably: signs "${data}" as RFC 6979 does`, () => {
    const signature = signRepeatably(KEY, Buffer.from(data))
    assert.equal(Buffer.from(signature).toString("hex"), (r + s).toLowerCase())
  })
}

test("signRepeatably: node verifies what it signs, whatever the key", () => {
  const random = seededRandom(1)
  for (let i = 0; i < 50; i++) {
    const key = newPrivateKey(random)
    const data = random.bytes(i)
    const publicKey = { key: createPublicKey(key), dsaEncoding: "ieee-p1363" as const }
    assert.ok(verify("sha256", data, publicKey, signRepeatably(key, data)), `key ${i}`)
  }
})

test("canSignRepeatably: not with keys of other kinds", () => {
  assert.equal(canSignRepeatably(KEY), true)
  assert.equal(canSignRepeatably(generateKeyPairSync("ed25519").privateKey), false)
  assert.equal(canSignRepeatably(generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey), false)
})

test("signatures repeat with a seeded random only", () => {
  const signed = (random: Random) => [
    createCsr({ key: KEY, commonName: "user", organizations: [], random }),
    jwtSigner(KEY, random)({ sub: "user" }),
    certificateBy(random),
  ]
  assert.deepEqual(signed(seededRandom(1)), signed(seededRandom(1)))
  const [first, second] = [signed(realRandom), signed(realRandom)]
  for (const [i, text] of first.entries()) assert.notEqual(text, second[i])
})

function certificateBy(random: Random): string {
  const ca = newCertificateAuthority({ commonName: "ca", clock: newVirtualClock(1_800_000_000_000), random })
  const subject = { commonName: "user", organizations: [] }
  const times = { notBeforeMs: 1_800_000_000_000, notAfterMs: 1_800_000_100_000 }
  return certificatePem(signCertificate({ ca, random, subject, publicKey: KEY, usages: ["clientAuth"], ...times }))
}
