import assert from "node:assert/strict"
import { test } from "node:test"
import { JWT_ALGORITHMS } from "#lib/jwt.ts"
import { parseAuthenticationConfig } from "./authentication-config.ts"

const HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"
const entry = (more: object = {}, issuer: object = {}) => ({
  issuer: { url: "https://a", audiences: ["x"], ...issuer },
  claimMappings: { username: { claim: "sub", prefix: "" } },
  ...more,
})
const parse = (...jwt: object[]) => parseAuthenticationConfig(`${HEAD}jwt: ${JSON.stringify(jwt)}`)

test("parseAuthenticationConfig: everything that can be said", () => {
  const mappings = {
    username: { claim: "email", prefix: "u:" },
    groups: { claim: "roles", prefix: "" },
    uid: { claim: "id" },
  }
  const issuer = {
    discoveryURL: "https://b/d",
    certificateAuthority: "PEM",
    audiences: ["x", "y"],
    audienceMatchPolicy: "MatchAny",
  }
  const rules = [{ claim: "hd", requiredValue: "example.com" }]
  assert.deepEqual(
    parse(entry({ claimMappings: mappings, claimValidationRules: rules }, issuer), entry({}, { url: "https://c" })),
    [
      {
        url: "https://a",
        discoveryUrl: "https://b/d",
        certificateAuthority: "PEM",
        audiences: ["x", "y"],
        algorithms: JWT_ALGORITHMS,
        username: { claim: "email", prefix: "u:" },
        groups: { claim: "roles", prefix: "" },
        uidClaim: "id",
        requiredClaims: { hd: "example.com" },
      },
      {
        url: "https://c",
        audiences: ["x"],
        algorithms: JWT_ALGORITHMS,
        username: { claim: "sub", prefix: "" },
        requiredClaims: {},
      },
    ],
  )
  assert.deepEqual(parseAuthenticationConfig(HEAD), [])
})

for (const [jwt, problem] of [
  [[entry({}, { url: "http://a" })], 'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https'],
  [[entry({}, { url: "nowhere" })], 'jwt[0].issuer.url: Invalid value: "nowhere": want a URL'],
  [[entry(), entry()], 'jwt[1].issuer.url: Duplicate value: "https://a"'],
  [
    [entry({}, { audiences: [] })],
    "jwt[0].issuer.audiences: Required value: at least one jwt.issuer.audiences is required",
  ],
  [[entry({ claimMappings: {} })], "jwt[0].claimMappings.username: Required value: claim or expression is required"],
  [
    [entry({ claimMappings: { username: { claim: "sub" } } })],
    "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing",
  ],
  [
    [entry({ claimMappings: { username: { expression: "claims.sub" } } })],
    "jwt[0].claimMappings.username.expression: Forbidden: not supported, jwt[0].claimMappings.username: Required value: claim or expression is required",
  ],
  [[entry({ userValidationRules: [] })], "jwt[0].userValidationRules: Forbidden: not supported"],
  [[entry({ claimValidationRules: "x" })], "jwt[0].claimValidationRules: Invalid value: want a list"],
] as const) {
  test(`parseAuthenticationConfig: ${problem}`, () => {
    assert.throws(() => parse(...jwt), { message: `Cannot read authentication configuration: ${problem}` })
  })
}

test("parseAuthenticationConfig: another kind is none", () => {
  for (const text of ["", "[]", "kind: AuthenticationConfiguration", HEAD.replace("v1", "v2")]) {
    assert.throws(() => parseAuthenticationConfig(text), { message: /^Cannot read authentication configuration: want/ })
  }
})
