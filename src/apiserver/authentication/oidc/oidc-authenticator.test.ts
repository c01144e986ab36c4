import assert from "node:assert/strict"
import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto"
import { test } from "node:test"
import { JWT_ALGORITHMS } from "#lib/jwt.ts"
import { silentLog } from "#lib/log.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { newOidcAuthenticator } from "./oidc-authenticator.ts"
import type { OidcIssuer } from "./issuer.ts"

const NOW_MS = Date.UTC(2026, 0, 1)
const NOW_S = NOW_MS / 1000
const URL_A = "https://a.example.com"
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey
const KEYS: Record<string, KeyObject> = { ES256: ec("P-256"), ES384: ec("P-384"), ES512: ec("P-521") }
const keyFor = (alg: string) => KEYS[alg] ?? rsa

function signed(alg: string, key: KeyObject, kid: string, claims: object): string {
  const text = `${part({ alg, kid })}.${part(claims)}`
  const padding = alg.startsWith("PS") ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const options = alg.startsWith("ES")
    ? { key, dsaEncoding: "ieee-p1363" as const }
    : { key, padding, saltLength: Number(alg.slice(2)) / 8 }
  return `${text}.${sign(`sha${alg.slice(2)}`, Buffer.from(text), options).toString("base64url")}`
}
const jwk = (key: KeyObject, kid: string) => ({ ...createPublicKey(key).export({ format: "jwk" }), kid, use: "sig" })
const claims = (more: object = {}) => ({ iss: URL_A, aud: "hawser", sub: "jane", exp: NOW_S + 60, ...more })
const issuer = (more: Partial<OidcIssuer> = {}): OidcIssuer => ({
  url: URL_A,
  audiences: ["hawser"],
  algorithms: JWT_ALGORITHMS,
  username: { claim: "sub", prefix: "a:" },
  groups: { claim: "groups", prefix: "g:" },
  requiredClaims: {},
  ...more,
})

/** Issuers as documents by URL, and how often each was read. */
function newWorld(issuers: readonly OidcIssuer[] = [issuer()]) {
  const clock = newVirtualClock(NOW_MS)
  const documents = new Map<string, unknown>()
  const reads = new Map<string, number>()
  const publish = (url: string, keys: object[]) => {
    documents.set(`${url}/.well-known/openid-configuration`, { issuer: url, jwks_uri: `${url}/keys` })
    documents.set(`${url}/keys`, { keys })
  }
  const ending = new AbortController()
  const make = () =>
    newOidcAuthenticator({
      issuers,
      clock,
      log: silentLog,
      signal: ending.signal,
      fetchJson: async (url) => {
        reads.set(url, (reads.get(url) ?? 0) + 1)
        if (!documents.has(url)) throw new Error(`no ${url}`)
        return documents.get(url)
      },
    })
  let authenticator: ReturnType<typeof make> | undefined
  return {
    clock,
    documents,
    reads,
    publish,
    async judge(token: string) {
      authenticator ??= make()
      await authenticator.ready(token)
      return authenticator.authenticate(token, { nowMs: clock.nowMs(), audiences: ["hub"] })
    },
    end: () => ending.abort(),
  }
}

test("a token of a trusted issuer: user, groups, token id", async () => {
  const world = newWorld()
  world.publish(URL_A, [jwk(rsa, "k")])
  const token = signed("RS256", rsa, "k", claims({ groups: ["x", "y"], jti: "id" }))
  const extra = { "authentication.kubernetes.io/credential-id": ["JTI=id"] }
  assert.deepEqual(await world.judge(token), {
    user: { name: "a:jane", groups: ["g:x", "g:y"], extra },
    audiences: ["hub"],
  })
  assert.equal(await world.judge(signed("RS256", rsa, "k", claims({ iss: "https://b" }))), undefined)
  assert.equal(await world.judge("no token"), undefined)
})

for (const alg of JWT_ALGORITHMS) {
  test(`a token signed with ${alg}`, async () => {
    const world = newWorld()
    const key = keyFor(alg)
    world.publish(URL_A, [jwk(ec("P-256"), "other"), { kty: "oct", k: "AAAA" }, jwk(key, "k")])
    assert.equal((await world.judge(signed(alg, key, "k", claims())))?.user.name, "a:jane")
  })
}

test("a token that is not signed by the issuer, or in a way that is not allowed", async () => {
  const world = newWorld([issuer({ algorithms: ["RS256"] })])
  world.publish(URL_A, [jwk(rsa, "k"), jwk(KEYS["ES256"]!, "e")])
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
  const none = `${part({ alg: "none", kid: "k" })}.${part(claims())}.`
  const good = signed("RS256", rsa, "k", claims())
  const signature = /^oidc: verify token: failed to verify signature/
  const algorithm = /^oidc: verify token: oidc: id token signed with unsupported algorithm, expected \["RS256"\] got/
  for (const [token, why] of [
    [signed("RS256", stranger, "k", claims()), signature],
    [`${good.split(".")[0]}.${part(claims({ sub: "admin" }))}.${good.split(".")[2]}`, signature],
    [signed("RS256", rsa, "e", claims()), signature],
    [none, algorithm],
    [signed("ES256", KEYS["ES256"]!, "e", claims()), algorithm],
    [signed("RS384", rsa, "k", claims()), algorithm],
  ] as const) {
    await assert.rejects(world.judge(token), { message: why })
  }
})

test("keys that were rotated are fetched again, but not for each token that names an unknown one", async () => {
  const world = newWorld()
  world.publish(URL_A, [jwk(rsa, "old")])
  await world.judge(signed("RS256", rsa, "old", claims()))
  const next = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
  world.publish(URL_A, [jwk(next, "new")])
  const token = signed("RS256", next, "new", claims())
  for (let i = 0; i < 20; i++) await assert.rejects(world.judge(signed("RS256", rsa, `x${i}`, claims())))
  assert.equal(world.reads.get(`${URL_A}/keys`), 1)
  await world.clock.advance(10_000)
  assert.equal((await world.judge(token))?.user.name, "a:jane")
  assert.equal(world.reads.get(`${URL_A}/keys`), 2)
  // The old one is good no more.
  await assert.rejects(world.judge(signed("RS256", rsa, "old", claims())))
})

test("an issuer that cannot be reached at first is tried again by itself", async () => {
  const world = newWorld()
  const token = signed("RS256", rsa, "k", claims())
  await assert.rejects(world.judge(token), { message: `oidc: authenticator for issuer "${URL_A}" is not initialized` })
  world.publish(URL_A, [jwk(rsa, "k")])
  await world.clock.advance(10_000)
  assert.equal((await world.judge(token))?.user.name, "a:jane")
  world.end()
})

test("a discovery document of somebody else, or without https, is not believed", async () => {
  for (const document of [
    { issuer: "https://b", jwks_uri: `${URL_A}/keys` },
    { issuer: URL_A, jwks_uri: "http://a/keys" },
    null,
    [],
  ]) {
    const world = newWorld()
    world.publish(URL_A, [jwk(rsa, "k")])
    world.documents.set(`${URL_A}/.well-known/openid-configuration`, document)
    await assert.rejects(world.judge(signed("RS256", rsa, "k", claims())), { message: /is not initialized$/ })
    world.end()
  }
})

test("several issuers: each vouches for its own tokens", async () => {
  const other = "https://b.example.com"
  const discoveryUrl = "https://b.internal/discovery"
  const world = newWorld([issuer(), issuer({ url: other, discoveryUrl, username: { claim: "email", prefix: "" } })])
  world.publish(URL_A, [jwk(rsa, "k")])
  world.publish(other, [jwk(KEYS["ES256"]!, "k")])
  world.documents.set(discoveryUrl, { issuer: other, jwks_uri: `${other}/keys` })
  const token = signed("ES256", KEYS["ES256"]!, "k", claims({ iss: other, email: "jane@b" }))
  assert.equal((await world.judge(token))?.user.name, "jane@b")
  await assert.rejects(world.judge(signed("ES256", KEYS["ES256"]!, "k", claims())))
})
