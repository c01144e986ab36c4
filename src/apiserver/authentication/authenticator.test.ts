import assert from "node:assert/strict"
import { test } from "node:test"
import type { Clock } from "#lib/clock.ts"
import { signJwt } from "#lib/jwt.ts"
import { seededRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { newPrivateKey, privateKeyPem, publicKeyPem } from "#lib/x509/keys.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import { storedObjects } from "#apiserver/testing/stored-objects.ts"
import { newAuthenticator } from "./authenticator.ts"
import { newServiceAccountIssuer } from "./service-account-issuer.ts"
import { LOOPBACK } from "./user.ts"

const NOW_MS = Date.UTC(2026, 0, 1)
const NOW_S = NOW_MS / 1000
let nowMs = NOW_MS
const clock: Clock = { nowMs: () => nowMs, setTimer: () => assert.fail("no timer is needed") }
const at = <T>(ms: number, run: () => T): T => {
  nowMs = ms
  try {
    return run()
  } finally {
    nowMs = NOW_MS
  }
}

const random = seededRandom(1)
const ca = newCertificateAuthority({ commonName: "ca", clock, random })
const oldCa = newCertificateAuthority({ commonName: "old", clock, random })
const strangersCa = newCertificateAuthority({ commonName: "ca", clock, random })
const key = newPrivateKey(random)
const saKey = newPrivateKey(random)
const issuer = newServiceAccountIssuer({ keyPem: privateKeyPem(saKey), issuer: "https://hub" })

const object = (kind: string, namespace: string | undefined, name: string, more: object = {}): UnknownObject => ({
  apiVersion: "v1",
  kind,
  ...more,
  metadata: {
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid: `uid-${name}`,
    ...("metadata" in more ? (more.metadata as object) : {}),
  },
})
const base64 = (data: Record<string, string>) =>
  Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString("base64")]))
const BOOTSTRAP = {
  "token-id": "abcdef",
  "token-secret": "0123456789abcdef",
  "usage-bootstrap-authentication": "true",
  "auth-extra-groups": "system:bootstrappers:managedcluster",
}
const bootstrapSecret = (id: string, changes: Record<string, string> = {}, more: object = {}) =>
  object("Secret", "kube-system", `bootstrap-token-${id}`, {
    type: "bootstrap.kubernetes.io/token",
    data: base64({ ...BOOTSTRAP, "token-id": id, ...changes }),
    ...more,
  })

const objects = await storedObjects(
  object("ServiceAccount", "ns", "robot"),
  object("ServiceAccount", "ns", "leaving", { metadata: { deletionTimestamp: "2025-12-31T23:59:30Z" } }),
  object("ServiceAccount", "ns", "left", { metadata: { deletionTimestamp: "2025-12-31T23:58:30Z" } }),
  object("Pod", "ns", "pod"),
  object("Secret", "ns", "secret"),
  object("Node", undefined, "node"),
  bootstrapSecret("abcdef"),
  bootstrapSecret("expire", { expiration: "2026-01-01T00:00:01Z" }),
  bootstrapSecret("broken", { expiration: "9999" }),
  bootstrapSecret("signer", { "usage-bootstrap-authentication": "false" }),
  bootstrapSecret("groups", { "auth-extra-groups": "system:masters" }),
  bootstrapSecret("nogrps", { "auth-extra-groups": "" }),
  bootstrapSecret("opaque", {}, { type: "Opaque" }),
  bootstrapSecret("misled", { "token-id": "abcdef" }),
  bootstrapSecret("delete", {}, { metadata: { deletionTimestamp: "2025-12-31T00:00:00Z" } }),
)

const authenticator = newAuthenticator({
  reader: objects.reader,
  clock,
  clientCas: oldCa.certificatePem + ca.certificatePem,
  serviceAccountIssuer: "https://hub",
  serviceAccountKeys: [publicKeyPem(saKey)],
  staticTokens: [{ token: "static-token", user: { name: "static", groups: ["g"] } }],
})

const request = (parts: {
  certificate?: Uint8Array
  token?: string
  authorization?: string
  user?: typeof LOOPBACK
}): ServerRequest => {
  const authorization = parts.authorization ?? (parts.token === undefined ? undefined : `Bearer ${parts.token}`)
  return {
    method: "GET",
    path: "/",
    headers: authorization === undefined ? {} : { authorization },
    peer: {
      address: "test",
      ...(parts.certificate === undefined ? {} : { certificate: parts.certificate }),
      ...(parts.user === undefined ? {} : { user: parts.user }),
    },
  }
}
const certificate = (changes: Partial<Parameters<typeof signCertificate>[0]> = {}) =>
  signCertificate({
    ca,
    random,
    subject: { commonName: "user", organizations: ["g1", "g2"] },
    publicKey: key,
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + DAY_MS,
    usages: ["clientAuth"],
    ...changes,
  }).der
const saToken = (claims: object = {}, own: object = {}) =>
  issuer.sign({
    aud: ["https://hub"],
    sub: "system:serviceaccount:ns:robot",
    iat: NOW_S,
    nbf: NOW_S,
    exp: NOW_S + 600,
    jti: "id",
    "kubernetes.io": { namespace: "ns", serviceaccount: { name: "robot", uid: "uid-robot" }, ...own },
    ...claims,
  })

const CREDENTIAL = "authentication.kubernetes.io/credential-id"

test("authenticate: a certificate's common name is the user, its organizations are the groups", () => {
  for (const der of [certificate(), certificate({ ca: oldCa })]) {
    const user = authenticator.authenticate(request({ certificate: der }))
    assert.deepEqual([user?.name, user?.groups], ["user", ["g1", "g2", "system:authenticated"]])
    assert.match(user?.extra?.[CREDENTIAL]?.[0] ?? "", /^X509SHA256=[0-9a-f]{64}$/)
  }
})

for (const { name, der, ms = NOW_MS } of [
  { name: "expired", der: certificate(), ms: NOW_MS + DAY_MS + 1 },
  { name: "of the future", der: certificate(), ms: NOW_MS - 1 },
  { name: "of another authority by the same name", der: certificate({ ca: strangersCa }) },
  { name: "for servers", der: certificate({ usages: ["serverAuth"] }) },
  { name: "that is garbage", der: Buffer.from("garbage") },
  { name: "that is empty", der: new Uint8Array() },
  { name: "that is cut off", der: certificate().subarray(0, -1) },
]) {
  test(`authenticate: a certificate ${name} is refused, each time`, () => {
    for (const _ of [1, 2]) {
      assert.throws(() => at(ms, () => authenticator.authenticate(request({ certificate: der }))), {
        name: "StatusError",
        message: "Unauthorized",
      })
    }
  })
}

test("authenticate: a certificate that was accepted is refused once it has expired", () => {
  const der = certificate()
  assert.equal(authenticator.authenticate(request({ certificate: der }))?.name, "user")
  assert.throws(
    () => at(NOW_MS + DAY_MS + 1, () => authenticator.authenticate(request({ certificate: der }))),
    StatusError,
  )
})

test("authenticate: no credential is nobody, not a refusal", () => {
  assert.equal(authenticator.authenticate(request({})), undefined)
  for (const authorization of ["", "Bearer", "Bearer ", "Basic dTpw", "Token x"]) {
    assert.equal(authenticator.authenticate(request({ authorization })), undefined, authorization)
  }
  const nameless = certificate({ subject: { commonName: "", organizations: ["system:masters"] } })
  assert.equal(authenticator.authenticate(request({ certificate: nameless })), undefined)
})

test("authenticate: a caller in this process is who it says", () => {
  assert.equal(authenticator.authenticate(request({ user: LOOPBACK, token: "junk" })), LOOPBACK)
})

test("authenticate: a good credential beside a bad one counts; the certificate comes first", () => {
  const bad = certificate({ ca: strangersCa })
  assert.equal(authenticator.authenticate(request({ certificate: bad, token: "static-token" }))?.name, "static")
  assert.equal(authenticator.authenticate(request({ certificate: certificate(), token: "junk" }))?.name, "user")
  assert.throws(() => authenticator.authenticate(request({ certificate: bad, token: "junk" })), StatusError)
})

test("authenticate: a service account's token", () => {
  assert.deepEqual(authenticator.authenticate(request({ token: saToken() })), {
    name: "system:serviceaccount:ns:robot",
    uid: "uid-robot",
    groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    extra: { [CREDENTIAL]: ["JTI=id"] },
  })
})

test("authenticate: a token that is bound to a pod tells of the pod and its node", () => {
  const token = saToken({ jti: undefined }, { pod: { name: "pod", uid: "uid-pod" }, node: { name: "gone", uid: "" } })
  assert.deepEqual(authenticator.authenticate(request({ token }))?.extra, {
    "authentication.kubernetes.io/node-name": ["gone"],
    "authentication.kubernetes.io/pod-name": ["pod"],
    "authentication.kubernetes.io/pod-uid": ["uid-pod"],
  })
})

const account = (name: string, uid = `uid-${name}`) => ({
  sub: `system:serviceaccount:ns:${name}`,
  "kubernetes.io": { namespace: "ns", serviceaccount: { name, uid } },
})
for (const { name, token, ms = NOW_MS, accepted = false } of [
  { name: "at the end of the leeway", token: saToken(), ms: NOW_MS + 659_999, accepted: true },
  { name: "that has expired", token: saToken(), ms: NOW_MS + 660_000 },
  { name: "of the future", token: saToken({ nbf: NOW_S + 61 }) },
  { name: "for someone else", token: saToken({ aud: ["vault"] }) },
  { name: "for nobody", token: saToken({ aud: [] }) },
  { name: "of another issuer", token: signJwt(saKey, { iss: "https://other", exp: NOW_S + 600 }) },
  {
    name: "signed with another key",
    token: signJwt(key, { iss: "https://hub", aud: ["https://hub"], exp: NOW_S + 600, ...account("robot") }),
  },
  { name: "of an account that does not exist", token: saToken(account("nobody")) },
  { name: "of an account of an earlier life", token: saToken(account("robot", "uid-before")) },
  { name: "of an account that was deleted just now", token: saToken(account("leaving")), accepted: true },
  { name: "of an account that was deleted", token: saToken(account("left")) },
  { name: "whose subject is not its account", token: saToken({ sub: "system:serviceaccount:kube-system:admin" }) },
  { name: "without an account", token: saToken({ "kubernetes.io": undefined }) },
  { name: "bound to a secret", token: saToken({}, { secret: { name: "secret", uid: "uid-secret" } }), accepted: true },
  { name: "bound to a secret that is gone", token: saToken({}, { secret: { name: "x", uid: "uid-x" } }) },
  { name: "bound to a pod that is another one now", token: saToken({}, { pod: { name: "pod", uid: "other" } }) },
  { name: "bound to a node", token: saToken({}, { node: { name: "node", uid: "uid-node" } }), accepted: true },
  { name: "bound to a node that is gone", token: saToken({}, { node: { name: "x", uid: "uid-x" } }) },
  { name: "with something appended", token: saToken() + "A" },
]) {
  test(`authenticate: a service account's token ${name} is ${accepted ? "accepted" : "refused"}`, () => {
    const run = () => at(ms, () => authenticator.authenticate(request({ token })))
    if (accepted) assert.ok(run())
    else assert.throws(run, { message: "Unauthorized" })
  })
}

test("authenticate: a token dies with its service account, although it was accepted before", async () => {
  const robot = object("ServiceAccount", "ns", "brief")
  await objects.put(robot)
  const token = saToken(account("brief"))
  assert.ok(authenticator.authenticate(request({ token })))
  await objects.remove(robot)
  assert.throws(() => authenticator.authenticate(request({ token })), StatusError)
})

test("authenticate: a bootstrap token", () => {
  assert.deepEqual(authenticator.authenticate(request({ token: "abcdef.0123456789abcdef" })), {
    name: "system:bootstrap:abcdef",
    groups: ["system:bootstrappers", "system:bootstrappers:managedcluster", "system:authenticated"],
  })
  const user = authenticator.authenticate(request({ token: "nogrps.0123456789abcdef" }))
  assert.deepEqual(user?.groups, ["system:bootstrappers", "system:authenticated"])
  assert.ok(authenticator.authenticate(request({ token: "expire.0123456789abcdef" })))
})

for (const { name, token, ms = NOW_MS } of [
  { name: "with a wrong secret", token: "abcdef.0123456789abcdeg" },
  { name: "that does not exist", token: "nobody.0123456789abcdef" },
  { name: "of a wrong form", token: "ABCDEF.0123456789abcdef" },
  { name: "that has expired", token: "expire.0123456789abcdef", ms: NOW_MS + 1000 },
  { name: "whose expiry is no time", token: "broken.0123456789abcdef" },
  { name: "for signing only", token: "signer.0123456789abcdef" },
  { name: "with groups that are not for it", token: "groups.0123456789abcdef" },
  { name: "in a secret of another type", token: "opaque.0123456789abcdef" },
  { name: "in a secret of another name", token: "misled.0123456789abcdef" },
  { name: "that is being deleted", token: "delete.0123456789abcdef" },
]) {
  test(`authenticate: a bootstrap token ${name} is refused`, () => {
    assert.throws(() => at(ms, () => authenticator.authenticate(request({ token }))), { message: "Unauthorized" })
  })
}

test("authenticateToken: tokens without an audience are for this server only", () => {
  for (const token of ["abcdef.0123456789abcdef", "static-token"]) {
    assert.deepEqual(authenticator.authenticateToken(token)?.audiences, ["https://hub"])
    assert.deepEqual(authenticator.authenticateToken(token, ["vault", "https://hub"])?.audiences, ["https://hub"])
    assert.equal(authenticator.authenticateToken(token, ["vault"]), undefined)
  }
  const token = saToken({ aud: ["vault", "x"] })
  assert.deepEqual(authenticator.authenticateToken(token, ["y", "vault"])?.audiences, ["vault"])
  assert.throws(() => authenticator.authenticateToken(token), {
    message: 'token audiences ["vault" "x"] is invalid for the target audiences ["https://hub"]',
  })
})

test("newServiceAccountIssuer: documents name its keys", () => {
  const older = newPrivateKey(random)
  const rotated = newServiceAccountIssuer({ keyPem: [saKey, older].map(privateKeyPem), issuer: "https://hub" })
  const { keys } = rotated.jwks as { keys: { kty: string; alg: string; use: string; d?: string }[] }
  assert.deepEqual(
    keys.map(({ kty, alg, use, d }) => [kty, alg, use, d]),
    [
      ["EC", "ES256", "sig", undefined],
      ["EC", "ES256", "sig", undefined],
    ],
  )
  assert.deepEqual(rotated.openidConfiguration("https://1.2.3.4:6443/"), {
    issuer: "https://hub",
    jwks_uri: "https://1.2.3.4:6443/openid/v1/jwks",
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  })
})

test("a front proxy is believed whom it speaks for, and others speak for themselves beside it", () => {
  const behind = newAuthenticator({
    reader: objects.reader,
    clock,
    clientCas: ca.certificatePem,
    serviceAccountIssuer: "https://hub",
    serviceAccountKeys: [],
    frontProxy: {
      clientCa: oldCa.certificatePem,
      allowedNames: [],
      usernameHeaders: ["x-remote-user"],
      uidHeaders: [],
      groupHeaders: ["x-remote-group"],
      extraHeaderPrefixes: [],
    },
  })
  const headers = { "x-remote-user": "jane", "x-remote-group": "g" }
  const judge = (from: typeof ca) =>
    behind.authenticate({ ...request({ certificate: certificate({ ca: from }) }), headers })
  assert.deepEqual(judge(oldCa), { name: "jane", groups: ["g", "system:authenticated"] })
  assert.equal(judge(ca)?.name, "user")
  assert.throws(() => judge(strangersCa), { message: "Unauthorized" })
})
