import assert from "node:assert/strict"
import { test } from "node:test"
import type { Clock } from "#lib/clock.ts"
import { peekJwtClaims } from "#lib/jwt.ts"
import { seededRandom } from "#lib/random.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { StatusError } from "#apimachinery/status-error.ts"
import { newAuthenticator } from "#apiserver/authentication/authenticator.ts"
import { newServiceAccountIssuer } from "#apiserver/authentication/service-account-issuer.ts"
import { newRbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import { storedObjects } from "#apiserver/testing/stored-objects.ts"
import { reviewResources } from "./reviews.ts"

const NOW_MS = Date.UTC(2026, 0, 1)
const NOW_S = NOW_MS / 1000
const clock: Clock = { nowMs: () => NOW_MS, setTimer: () => assert.fail("no timer is needed") }
const random = seededRandom(1)
const keyPem = privateKeyPem(newPrivateKey(random))
const issuer = newServiceAccountIssuer({ keyPem, issuer: "https://hub", audiences: ["https://hub", "hub"] })

const RBAC = "rbac.authorization.k8s.io"
const { reader } = await storedObjects(
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot", namespace: "n", uid: "uid-robot" } },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "n", uid: "uid-s" } },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "n", uid: "uid-p" },
    spec: { serviceAccountName: "robot", nodeName: "node" },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "lost", namespace: "n", uid: "uid-lost" },
    spec: { serviceAccountName: "robot", nodeName: "gone" },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "other", namespace: "n", uid: "uid-o" },
    spec: { serviceAccountName: "default" },
  },
  { apiVersion: "v1", kind: "Node", metadata: { name: "node", uid: "uid-node" } },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name: "r" },
    rules: [
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      { nonResourceURLs: ["/version"], verbs: ["get"] },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name: "b", namespace: "n" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "r" },
    subjects: [
      { kind: "User", name: "u" },
      { kind: "Group", name: "g" },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name: "broken", namespace: "n" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "missing" },
    subjects: [{ kind: "User", name: "u" }],
  },
)
const authenticator = newAuthenticator({
  reader,
  clock,
  clientCas: "",
  serviceAccountIssuer: "https://hub",
  serviceAccountKeys: [keyPem],
  audiences: issuer.audiences,
})
const resources = reviewResources({ reader, authorizer: newRbacAuthorizer(reader), authenticator, issuer, random })

async function create(
  resource: string,
  object: object,
  more: { namespace?: string; name?: string; user?: { name: string; groups: string[] } } = {},
): Promise<UnknownObject & { status: Record<string, unknown> }> {
  const virtual = resources.find((v) => [v.resource, v.subresource].filter(Boolean).join("/") === resource)
  assert.ok(virtual, resource)
  const answer = await virtual.create({
    object: { apiVersion: "", kind: "", metadata: {}, ...object },
    namespace: "",
    name: "",
    user: { name: "u", groups: [] },
    nowMs: NOW_MS,
    dryRun: false,
    ...more,
  })
  return answer as UnknownObject & { status: Record<string, unknown> }
}
const fails = (message: RegExp, code: number) => (error: StatusError) => {
  assert.match(error.message, message)
  assert.equal(error.code, code)
  return true
}

const get = (namespace: string) => ({ resourceAttributes: { verb: "get", resource: "pods", namespace } })
const BY_USER = 'RBAC: allowed by RoleBinding "b/n" of ClusterRole "r" to User "u"'
const BY_GROUP = 'RBAC: allowed by RoleBinding "b/n" of ClusterRole "r" to Group "g"'

for (const { name, resource, spec, namespace = "", want } of [
  {
    name: "a user",
    resource: "subjectaccessreviews",
    spec: { user: "u", ...get("n") },
    want: { allowed: true, reason: BY_USER },
  },
  {
    name: "a group alone",
    resource: "subjectaccessreviews",
    spec: { groups: ["g"], ...get("n") },
    want: { allowed: true, reason: BY_GROUP },
  },
  {
    name: "somebody else",
    resource: "subjectaccessreviews",
    spec: { user: "v", ...get("n") },
    want: { allowed: false },
  },
  {
    name: "another namespace, with a broken binding",
    resource: "subjectaccessreviews",
    spec: { user: "u", resourceAttributes: { verb: "list", resource: "pods", namespace: "n" } },
    want: { allowed: false, reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "missing" not found' },
  },
  {
    name: "system:masters",
    resource: "subjectaccessreviews",
    spec: { groups: ["system:masters"], nonResourceAttributes: { path: "/x", verb: "get" } },
    want: { allowed: true },
  },
  { name: "oneself", resource: "selfsubjectaccessreviews", spec: get("n"), want: { allowed: true, reason: BY_USER } },
  { name: "oneself elsewhere", resource: "selfsubjectaccessreviews", spec: get("m"), want: { allowed: false } },
  {
    name: "in the namespace",
    resource: "localsubjectaccessreviews",
    namespace: "n",
    spec: { user: "u", ...get("n") },
    want: { allowed: true, reason: BY_USER },
  },
]) {
  test(`${resource}: ${name}`, async () => {
    const answer = await create(resource, { spec }, { namespace })
    assert.deepEqual(answer.status, want)
    assert.deepEqual(answer["spec"], spec)
    assert.equal(answer.apiVersion, "authorization.k8s.io/v1")
    assert.equal(answer.kind.toLowerCase() + "s", resource)
  })
}

for (const { name, resource, spec, namespace = "", want } of [
  {
    name: "nothing asked",
    resource: "subjectaccessreviews",
    spec: { user: "u" },
    want: /spec.resourceAttributes: Invalid value: null: exactly one of/,
  },
  {
    name: "nobody named",
    resource: "subjectaccessreviews",
    spec: get("n"),
    want: /spec.user: Invalid value: "": at least one of user or group/,
  },
  {
    name: "both kinds of attributes",
    resource: "selfsubjectaccessreviews",
    spec: { ...get("n"), nonResourceAttributes: { path: "/" } },
    want: /cannot be specified in combination with resourceAttributes/,
  },
  {
    name: "another namespace",
    resource: "localsubjectaccessreviews",
    namespace: "n",
    spec: { user: "u", ...get("m") },
    want: /Invalid value: "m": must match metadata.namespace/,
  },
  {
    name: "paths in a namespace",
    resource: "localsubjectaccessreviews",
    namespace: "n",
    spec: { user: "u", nonResourceAttributes: { path: "/" } },
    want: /disallowed on this kind of request/,
  },
  {
    name: "an empty selector",
    resource: "selfsubjectaccessreviews",
    spec: { resourceAttributes: { labelSelector: {} } },
    want: /spec.resourceAttributes.labelSelector.requirements: Required value/,
  },
]) {
  test(`${resource}: ${name} is refused`, () =>
    assert.rejects(create(resource, { spec }, { namespace }), fails(want, 422)))
}

test("selfsubjectrulesreviews: what kubectl auth can-i --list shows", async () => {
  const { status } = await create("selfsubjectrulesreviews", { spec: { namespace: "n" } })
  assert.deepEqual(status, {
    resourceRules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/version"] }],
    incomplete: false,
    evaluationError: 'clusterrole.rbac.authorization.k8s.io "missing" not found',
  })
  const nobody = await create(
    "selfsubjectrulesreviews",
    { spec: { namespace: "n" } },
    { user: { name: "v", groups: [] } },
  )
  assert.deepEqual(nobody.status, { resourceRules: [], nonResourceRules: [], incomplete: false })
  await assert.rejects(create("selfsubjectrulesreviews", { spec: {} }), fails(/no namespace on request/, 400))
})

test("selfsubjectreviews: who one is", async () => {
  const answer = await create("selfsubjectreviews", {}, { user: { name: "u", groups: ["g"] } })
  assert.deepEqual(answer, {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
    status: { userInfo: { username: "u", groups: ["g"] } },
  })
})

const requestToken = (spec: object, object: object = {}) =>
  create("serviceaccounts/token", { ...object, spec }, { namespace: "n", name: "robot" })
const claimsOf = (answer: { status: Record<string, unknown> }) => peekJwtClaims(String(answer.status["token"])) ?? {}

test("serviceaccounts/token: a token that this server accepts", async () => {
  const answer = await requestToken({})
  assert.deepEqual(
    [answer.kind, answer.metadata, answer["spec"], answer.status["expirationTimestamp"]],
    [
      "TokenRequest",
      { name: "robot", namespace: "n", uid: "uid-robot", creationTimestamp: "2026-01-01T00:00:00Z" },
      { audiences: ["https://hub", "hub"], expirationSeconds: 3600, boundObjectRef: null },
      "2026-01-01T01:00:00Z",
    ],
  )
  const { jti, ...claims } = claimsOf(answer)
  assert.match(String(jti), /^[0-9a-f-]{36}$/)
  assert.deepEqual(claims, {
    aud: ["https://hub", "hub"],
    exp: NOW_S + 3600,
    iat: NOW_S,
    iss: "https://hub",
    "kubernetes.io": { namespace: "n", serviceaccount: { name: "robot", uid: "uid-robot" } },
    nbf: NOW_S,
    sub: "system:serviceaccount:n:robot",
  })
  const review = await create("tokenreviews", { spec: { token: answer.status["token"] } })
  assert.deepEqual(review.status, {
    authenticated: true,
    user: {
      username: "system:serviceaccount:n:robot",
      uid: "uid-robot",
      groups: ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": [`JTI=${jti}`] },
    },
    audiences: ["https://hub", "hub"],
  })
})

for (const { name, ref, want } of [
  {
    name: "a pod and its node",
    ref: { apiVersion: "v1", kind: "Pod", name: "p", uid: "uid-p" },
    want: { node: { name: "node", uid: "uid-node" }, pod: { name: "p", uid: "uid-p" } },
  },
  {
    name: "a pod whose node is gone",
    ref: { apiVersion: "v1", kind: "Pod", name: "lost" },
    want: { node: { name: "gone" }, pod: { name: "lost", uid: "uid-lost" } },
  },
  {
    name: "a secret",
    ref: { apiVersion: "v1", kind: "Secret", name: "s" },
    want: { secret: { name: "s", uid: "uid-s" } },
  },
  {
    name: "a node",
    ref: { apiVersion: "v1", kind: "Node", name: "node" },
    want: { node: { name: "node", uid: "uid-node" } },
  },
]) {
  test(`serviceaccounts/token: bound to ${name}`, async () => {
    const answer = await requestToken({ boundObjectRef: ref, audiences: ["hub"], expirationSeconds: 600 })
    const { namespace: _n, serviceaccount: _s, ...bound } = claimsOf(answer)["kubernetes.io"] as Record<string, unknown>
    assert.deepEqual(bound, want)
    assert.ok(authenticator.authenticateToken(String(answer.status["token"])))
  })
}

test("serviceaccounts/token: what a kubelet asks for lasts a year and warns after an hour", async () => {
  const answer = await requestToken({
    boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p" },
    expirationSeconds: 3607,
  })
  const claims = claimsOf(answer)
  assert.equal(claims["exp"], NOW_S + 365 * 24 * 3600)
  assert.equal((claims["kubernetes.io"] as { warnafter: number }).warnafter, NOW_S + 3607)
  assert.equal(answer.status["expirationTimestamp"], "2026-01-01T01:00:07Z")
})

for (const { name, spec, object, code, want } of [
  {
    name: "less than 10 minutes",
    spec: { expirationSeconds: 599 },
    code: 422,
    want: /^TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes$/,
  },
  {
    name: "more than 2^32 seconds",
    spec: { expirationSeconds: 2 ** 32 + 1 },
    code: 422,
    want: /larger than 2\^32 seconds/,
  },
  {
    name: "another account's uid",
    spec: {},
    object: { metadata: { uid: "x" } },
    code: 409,
    want: /does not match the UID of the service account \(uid-robot\)/,
  },
  {
    name: "another account's name",
    spec: {},
    object: { metadata: { name: "x" } },
    code: 422,
    want: /must match the service account name/,
  },
  {
    name: "a pod that is not there",
    spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "x" } },
    code: 404,
    want: /^pods "x" not found$/,
  },
  {
    name: "a pod of another account",
    spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "other" } },
    code: 400,
    want: /different serviceaccount name/,
  },
  {
    name: "a pod of an earlier life",
    spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p", uid: "x" } },
    code: 409,
    want: /does not match the UID in record/,
  },
  {
    name: "what no token is bound to",
    spec: { boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" } },
    code: 400,
    want: /^cannot bind token to object of type \/v1, Kind=ConfigMap$/,
  },
]) {
  test(`serviceaccounts/token: ${name} is refused`, () => assert.rejects(requestToken(spec, object), fails(want, code)))
}

test("serviceaccounts/token: no account, no token", () =>
  assert.rejects(
    create("serviceaccounts/token", { spec: {} }, { namespace: "n", name: "x" }),
    fails(/^serviceaccounts "x" not found$/, 404),
  ))

test("tokenreviews: for another audience", async () => {
  const { status } = await requestToken({ audiences: ["vault"] })
  const review = async (audiences: string[]) =>
    (await create("tokenreviews", { spec: { token: status["token"], audiences } })).status
  assert.deepEqual((await review(["vault", "x"]))["audiences"], ["vault"])
  assert.deepEqual(await review([]), {
    user: {},
    error:
      '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["https://hub" "hub"]]',
  })
})

test("tokenreviews: junk, and nothing", async () => {
  assert.deepEqual((await create("tokenreviews", { spec: { token: "junk" } })).status, {
    user: {},
    error: "invalid bearer token",
  })
  await assert.rejects(create("tokenreviews", { spec: {} }), fails(/token is required/, 400))
})
