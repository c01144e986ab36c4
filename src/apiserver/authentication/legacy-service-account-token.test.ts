import assert from "node:assert/strict"
import { test } from "node:test"
import { jwtKey } from "#lib/jwt.ts"
import { seededRandom } from "#lib/random.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { legacyClaims, newLegacyTokenAuthenticator } from "./legacy-service-account-token.ts"
import { newServiceAccountIssuer } from "./service-account-issuer.ts"

const key = newPrivateKey(seededRandom(1))
const issuer = newServiceAccountIssuer({ keyPem: privateKeyPem(key), issuer: "https://hub" })
const token = issuer.signLegacy(legacyClaims({ namespace: "ns", secret: "s", account: { name: "sa", uid: "u1" } }))

const secret = (held: string, metadata: object = {}): UnknownObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", ...metadata },
  data: { token: Buffer.from(held).toString("base64") },
})
const account = (uid: string): UnknownObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "sa", uid },
})
const judge = (text: string, objects: { secrets?: UnknownObject; serviceaccounts?: UnknownObject }) => {
  const get = ({ resource }: { resource: string }) => objects[resource as keyof typeof objects]
  const authenticate = newLegacyTokenAuthenticator({ reader: { get } as unknown as ObjectReader, keys: [jwtKey(key)] })
  return authenticate(text, { nowMs: 0, audiences: ["https://hub"] })
}

test("the token that its secret holds stands for its account", () => {
  assert.deepEqual(judge(token, { secrets: secret(token), serviceaccounts: account("u1") }), {
    user: {
      name: "system:serviceaccount:ns:sa",
      uid: "u1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:ns"],
    },
    audiences: ["https://hub"],
  })
})

for (const { name, objects, why } of [
  { name: "the secret is gone", objects: { serviceaccounts: account("u1") }, why: /its secret is gone/ },
  {
    name: "the secret holds another",
    objects: { secrets: secret("x"), serviceaccounts: account("u1") },
    why: /holds another/,
  },
  {
    name: "the secret is marked",
    objects: {
      secrets: secret(token, { labels: { "kubernetes.io/legacy-token-invalid-since": "2026-01-01" } }),
      serviceaccounts: account("u1"),
    },
    why: /marked as invalid/,
  },
  {
    name: "the account is another one",
    objects: { secrets: secret(token), serviceaccounts: account("u2") },
    why: /account is gone/,
  },
]) {
  test(`it does not count when ${name}`, () => assert.throws(() => judge(token, objects), why))
}

test("tokens of other issuers are not its business", () => {
  assert.equal(judge(issuer.sign({ sub: "x" }), {}), undefined)
  assert.equal(judge("nonsense", {}), undefined)
})

test("a signature of somebody else's does not count", () => {
  const other = newServiceAccountIssuer({
    keyPem: privateKeyPem(newPrivateKey(seededRandom(2))),
    issuer: "https://hub",
  })
  const forged = other.signLegacy(legacyClaims({ namespace: "ns", secret: "s", account: { name: "sa", uid: "u1" } }))
  assert.throws(() => judge(forged, { secrets: secret(forged), serviceaccounts: account("u1") }))
})
