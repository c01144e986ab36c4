// An issuer of ID tokens on loopback, over TLS, and an embedded server that trusts it.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { after, before, test } from "node:test"
import { realClock } from "#lib/clock.ts"
import { readBody } from "#lib/http.ts"
import { jwkOf, jwtKey, signJwt } from "#lib/jwt.ts"
import { silentLog, type Log } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { LOOPBACK } from "#apiserver/authentication/user.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { fetchJson } from "#cmd/https-json.ts"
import { readOidcIssuers } from "#cmd/oidc-issuers.ts"
import { newEmbeddedServer, type EmbeddedServer } from "#controlplane/embedded-server.ts"

const key = newPrivateKey(realRandom)
const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
const logged: string[] = []
const log: Log = {
  ...silentLog,
  info: (message, fields) => void logged.push(`${message}: ${(fields?.["error"] as Error | undefined)?.message}`),
  with: () => log,
}
const NO_PROXIES = {
  requestheaderAllowedNames: [],
  requestheaderUsernameHeaders: "",
  requestheaderUidHeaders: "",
  requestheaderGroupHeaders: "",
  requestheaderExtraHeadersPrefix: "",
}
const ending = new AbortController()
const issuer = createServer({ cert: pki.servingCertificate, key: pki.servingKey }, (request, response) => {
  if (request.url === "/redirected/.well-known/openid-configuration") {
    response.writeHead(302, { location: "/.well-known/openid-configuration" }).end()
  } else if (request.url?.startsWith("/large/") === true) response.end(JSON.stringify("x".repeat(2 << 20)))
  else {
    const isDiscovery = request.url === "/.well-known/openid-configuration"
    response.end(
      JSON.stringify(isDiscovery ? { issuer: url, jwks_uri: `${url}/keys` } : { keys: [jwkOf(jwtKey(key))] }),
    )
  }
})
let url: string
let server: EmbeddedServer

before(async () => {
  issuer.listen(0, "127.0.0.1")
  await once(issuer, "listening")
  url = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}`
  const flags = {
    oidcIssuerUrl: url,
    oidcClientId: "hawser",
    oidcUsernameClaim: "sub",
    oidcGroupsClaim: "groups",
    oidcGroupsPrefix: "",
    oidcSigningAlgs: ["ES256"],
    oidcRequiredClaim: ["hd=example.com"],
    ...NO_PROXIES,
  }
  const issuers = (await readOidcIssuers("/", flags)).map((one) => ({
    ...one,
    certificateAuthority: pki.caCertificate,
  }))
  server = await newEmbeddedServer(
    { clock: realClock, random: realRandom, log, signal: ending.signal },
    { storage: memoryStorage(), pki, issuer: "https://hub", oidc: { issuers, fetchJson } },
  )
})
after(() => {
  ending.abort()
  issuer.close()
  issuer.closeAllConnections()
})

const token = (claims: object = {}) => {
  const exp = Math.floor(realClock.nowMs() / 1000) + 600
  return signJwt(key, {
    iss: url,
    aud: "hawser",
    sub: "jane",
    groups: ["system:masters"],
    hd: "example.com",
    exp,
    ...claims,
  })
}
const send = async (path: string, headers: Record<string, string>, body?: object) => {
  const response = await server.handler({
    method: body === undefined ? "GET" : "POST",
    path,
    headers,
    peer: { address: "127.0.0.1" },
    ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
  })
  return { status: response.status, text: Buffer.from(await readBody(response.body)).toString() }
}
const SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

test("an ID token is its user, by the first request already", async () => {
  const { status, text } = await send(SELF, { authorization: `Bearer ${token()}` }, {})
  assert.equal(status, 201, text)
  const { userInfo } = (JSON.parse(text) as { status: { userInfo: object } }).status
  assert.deepEqual(userInfo, { username: `${url}#jane`, groups: ["system:masters", "system:authenticated"] })
})

test("an ID token that does not count is 401, and the log says why", async () => {
  for (const [claims, why] of [
    [{ exp: 1 }, /oidc: token is expired/],
    [{ aud: "other" }, /oidc: expected audience "hawser" got \["other"\]/],
    [{ hd: undefined }, /oidc: required claim hd not present in ID token/],
  ] as const) {
    logged.length = 0
    const { status, text } = await send("/api", { authorization: `Bearer ${token(claims)}` })
    assert.deepEqual([status, (JSON.parse(text) as { message: string }).message], [401, "Unauthorized"])
    assert.match(logged.join("\n"), why)
  }
})

test("TokenReview knows ID tokens", async () => {
  const review = async (reviewed: string) => {
    const path = "/apis/authentication.k8s.io/v1/tokenreviews"
    const body = Buffer.from(JSON.stringify({ spec: { token: reviewed } }))
    const peer = { address: "", user: LOOPBACK }
    const response = await server.handler({ method: "POST", path, headers: {}, body, peer })
    return (JSON.parse(Buffer.from(await readBody(response.body)).toString()) as { status: Record<string, unknown> })
      .status
  }
  assert.equal((await review(token()))["authenticated"], true)
  assert.match(String((await review(token({ exp: 1 })))["error"]), /oidc: token is expired/)
})

test("documents that are large, moved, or of an issuer whose certificate is not trusted are not read", async () => {
  const ca = pki.caCertificate
  await assert.rejects(fetchJson(`${url}/large/`, ca), /Cannot read https:.*large/)
  await assert.rejects(fetchJson(`${url}/redirected/.well-known/openid-configuration`, ca), (error: Error) =>
    String(error.cause).includes("it answered 302"),
  )
  await assert.rejects(fetchJson(`${url}/keys`, undefined), (error: Error) =>
    String(error.cause).includes("certificate"),
  )
})

test("flags that contradict each other are refused", async () => {
  const flags = {
    oidcUsernameClaim: "sub",
    oidcGroupsPrefix: "",
    oidcSigningAlgs: ["RS256"],
    oidcRequiredClaim: [],
    ...NO_PROXIES,
  }
  for (const [more, message] of [
    [{ oidcIssuerUrl: "https://a" }, /must be specified together/],
    [{ oidcIssuerUrl: "http://a", oidcClientId: "x" }, /want an https URL/],
    [{ oidcIssuerUrl: "https://a", oidcClientId: "x", oidcSigningAlgs: ["HS256"] }, /want some of RS256/],
    [{ oidcIssuerUrl: "https://a", oidcClientId: "x", oidcRequiredClaim: ["x"] }, /want claim=value/],
    [{ oidcIssuerUrl: "https://a", authenticationConfig: "f" }, /together/],
    [{ authenticationConfig: "/nowhere" }, /Cannot use \/nowhere/],
  ] as const) {
    await assert.rejects(readOidcIssuers("/", { ...flags, ...more }), message)
  }
})
