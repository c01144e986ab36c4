import assert from "node:assert/strict"
import { generateKeyPairSync, sign } from "node:crypto"
import { test } from "node:test"
import fc from "fast-check"
import { jwkOf, jwtKey, JwtError, peekJwtClaims, signJwt, verifyJwt } from "./jwt.ts"
import { seededRandom } from "./random.ts"
import { newPrivateKey, publicKeyPem } from "./x509/keys.ts"

const NOW_MS = 1_700_000_000_000
const NOW_S = NOW_MS / 1000
const ec = newPrivateKey(seededRandom(1))
const otherEc = newPrivateKey(seededRandom(2))
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
const claims = { iss: "i", aud: ["a", "b"], sub: "s", exp: NOW_S + 60, nbf: NOW_S, n: "ü" }
const keys = [jwtKey(ec), jwtKey(rsa)]
const checks = { keys, nowMs: NOW_MS }
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

for (const [name, key] of [
  ["ES256", ec],
  ["RS256", rsa],
] as const) {
  test(`${name}: a token is accepted by its public key`, () => {
    const token = signJwt(key, claims)
    assert.deepEqual(verifyJwt(token, { ...checks, issuer: "i", audiences: ["x", "b"] }), claims)
    assert.deepEqual(peekJwtClaims(token), claims)
    const header = JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString())
    assert.deepEqual(header, { alg: name, kid: jwtKey(publicKeyPem(key)).keyId })
    assert.equal(jwkOf(jwtKey(key))["kid"], header.kid)
    assert.equal("d" in jwkOf(jwtKey(key)), false)
  })

  test(`${name}: no changed character goes unnoticed`, () => {
    const token = signJwt(key, claims)
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09-_.=+/ "), (at, character) => {
        fc.pre(token[at] !== character)
        assert.throws(() => verifyJwt(token.slice(0, at) + character + token.slice(at + 1), checks), JwtError)
      }),
      { numRuns: 300 },
    )
  })
}

const [header, body, signature] = signJwt(ec, claims).split(".") as [string, string, string]
const signedBy = (head: object) => {
  const signed = `${part(head)}.${part(claims)}`
  const signature = sign("sha256", Buffer.from(signed), { key: ec, dsaEncoding: "ieee-p1363" })
  return `${signed}.${signature.toString("base64url")}`
}

for (const { name, token, options, want } of [
  { name: "one ms before expiry", token: signJwt(ec, claims), options: { nowMs: NOW_MS + 59_999 }, want: undefined },
  { name: "at expiry", token: signJwt(ec, claims), options: { nowMs: NOW_MS + 60_000 }, want: /has expired/ },
  {
    name: "at expiry, with leeway",
    token: signJwt(ec, claims),
    options: { nowMs: NOW_MS + 60_000, leewayMs: 1 },
    want: undefined,
  },
  { name: "before nbf", token: signJwt(ec, claims), options: { nowMs: NOW_MS - 1 }, want: /not valid yet/ },
  { name: "no expiry", token: signJwt(ec, { sub: "s" }), want: /no expiry/ },
  { name: "expiry as text", token: signJwt(ec, { exp: "9999999999" }), want: /no expiry/ },
  { name: "another issuer", token: signJwt(ec, claims), options: { issuer: "j" }, want: /another issuer/ },
  { name: "another audience", token: signJwt(ec, claims), options: { audiences: ["c"] }, want: /another audience/ },
  {
    name: "one audience as text",
    token: signJwt(ec, { ...claims, aud: "c" }),
    options: { audiences: ["c"] },
    want: undefined,
  },
  {
    name: "no audience where one is wanted",
    token: signJwt(ec, { exp: NOW_S + 1 }),
    options: { audiences: ["c"] },
    want: /another audience/,
  },
  { name: "an unknown key", token: signJwt(otherEc, claims), want: /no known key/ },
  { name: "no keys", token: signJwt(ec, claims), options: { keys: [] }, want: /no known key/ },
  { name: "no key id", token: signedBy({ alg: "ES256" }), want: undefined },
  { name: "a key id that is not known", token: signedBy({ alg: "ES256", kid: "x" }), want: /no known key/ },
  { name: "algorithm none", token: `${part({ alg: "none" })}.${body}.`, want: /no known key/ },
  {
    name: "algorithm of another type of key",
    token: `${part({ alg: "HS256" })}.${body}.${signature}`,
    want: /no known key/,
  },
  {
    name: "an EC signature under RSA's name",
    token: `${part({ alg: "RS256", kid: keys[0]!.keyId })}.${body}.${signature}`,
    want: /no known key/,
  },
  { name: "no signature", token: `${header}.${body}.`, want: /no known key/ },
  { name: "two parts", token: `${header}.${body}`, want: /2 parts, want 3/ },
  { name: "words", token: "a.b.c", want: /Cannot read token/ },
  { name: "claims that are a list", token: `${header}.${part([])}.${signature}`, want: /not a JSON object/ },
  { name: "nothing", token: "", want: /1 parts/ },
  { name: "too long", token: "a".repeat(20_000), want: /too long/ },
]) {
  test(`verifyJwt: ${name}`, () => {
    const run = () => verifyJwt(token, { ...checks, ...options })
    if (want === undefined) assert.ok(run())
    else assert.throws(run, (error) => error instanceof JwtError && want.test(error.message))
  })
}

test("jwtKey: a key that no token is signed with is refused", () => {
  assert.throws(() => jwtKey(generateKeyPairSync("ed25519").privateKey), /want EC P-256 or RSA/)
  assert.throws(() => jwtKey(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey), /want EC P-256 or RSA/)
})
