// Words are those of kube-apiserver 1.35.
import assert from "node:assert/strict"
import { test } from "node:test"
import { planOidcUser } from "./user.plan.ts"
import type { OidcIssuer } from "./issuer.ts"

const NOW_S = Date.UTC(2026, 0, 1) / 1000
const ISSUER: OidcIssuer = {
  url: "https://a",
  audiences: ["x", "y"],
  algorithms: [],
  username: { claim: "email", prefix: "oidc:" },
  groups: { claim: "roles", prefix: "g:" },
  uidClaim: "uid",
  requiredClaims: { hd: "example.com" },
}
const CLAIMS = { exp: NOW_S, aud: ["z", "y"], email: "jane@a", uid: "1", hd: "example.com" }
const plan = (more: object, issuer: Partial<OidcIssuer> = {}) =>
  planOidcUser({ ...ISSUER, ...issuer }, { ...CLAIMS, ...more }, NOW_S * 1000)

for (const { name, more, want } of [
  { name: "no groups", more: {}, want: [] },
  { name: "groups that are null", more: { roles: null }, want: [] },
  { name: "one group that is no list", more: { roles: "a" }, want: ["g:a"] },
  { name: "a list of groups", more: { roles: ["a", "b"], email_verified: true }, want: ["g:a", "g:b"] },
]) {
  test(`planOidcUser: ${name}`, () => assert.deepEqual(plan(more), { name: "oidc:jane@a", uid: "1", groups: want }))
}

test("planOidcUser: one audience is told by itself", () => {
  const message = 'oidc: verify token: oidc: expected audience "x" got ["z" "y"]'
  assert.throws(() => plan({}, { audiences: ["x"] }), { message })
})

for (const [more, message] of [
  [{ exp: NOW_S - 1 }, "oidc: verify token: oidc: token is expired (Token Expiry: 2025-12-31 23:59:59 +0000 UTC)"],
  [{ exp: "x" }, "oidc: verify token: oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)"],
  [
    { nbf: NOW_S + 301 },
    "oidc: verify token: oidc: current time 2026-01-01 00:00:00 +0000 UTC before the nbf (not before) time: 2026-01-01 00:05:01 +0000 UTC",
  ],
  [{ aud: "z" }, 'oidc: verify token: oidc: expected audience in ["x" "y"] got ["z"]'],
  [{ aud: undefined }, 'oidc: verify token: oidc: expected audience in ["x" "y"] got []'],
  [{ email: undefined }, 'oidc: parse username claims "email": claim not present'],
  [{ email: ["a"] }, 'oidc: parse username claims "email": json: cannot unmarshal array into Go value of type string'],
  [{ email_verified: false }, "oidc: email not verified"],
  [{ email_verified: "true" }, "oidc: parse 'email_verified' claim: not a boolean"],
  [{ uid: 1 }, 'oidc: parse uid claims "uid": json: cannot unmarshal number into Go value of type string'],
  [{ roles: [1] }, 'oidc: parse groups claim "roles": json: cannot unmarshal array into Go value of type string'],
  [{ hd: "evil.com" }, "oidc: required claim hd value does not match. Got = evil.com, want = example.com"],
] as const) {
  test(`planOidcUser: ${message}`, () => assert.throws(() => plan(more), { message }))
}

test("planOidcUser: a name that every object has is no claim", () => {
  for (const claim of ["constructor", "toString", "__proto__"]) {
    assert.throws(() => plan({}, { username: { claim, prefix: "" } }), { message: /claim not present$/ })
    assert.throws(() => plan({}, { requiredClaims: { [claim === "__proto__" ? "valueOf" : claim]: "x" } }), {
      message: /not present in ID token$/,
    })
  }
})
