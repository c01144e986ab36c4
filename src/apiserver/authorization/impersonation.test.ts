import assert from "node:assert/strict"
import { test } from "node:test"
import type { Authorizer } from "#apiserver/request.ts"
import { forbiddenError } from "./forbidden.ts"
import { resolveImpersonation } from "./impersonation.ts"

const sender = { name: "boss", groups: ["g"] }
/** Allows `resource/subresource name` that are in the list. */
const allowing = (...texts: string[]): Authorizer => ({
  authorize(_user, attributes) {
    assert.ok(attributes.resourceRequest)
    const { verb, resource, subresource, namespace, name } = attributes
    assert.equal(verb, "impersonate")
    const text = `${resource}${subresource === "" ? "" : "/" + subresource} ${namespace === "" ? "" : namespace + "/"}${name}`
    return { allowed: texts.includes(text) || texts.includes("everything"), reason: "" }
  },
})

for (const { name, headers, allowed = ["everything"], want } of [
  { name: "nothing is asked for", headers: { accept: "x" }, want: undefined },
  {
    name: "a user",
    headers: { "impersonate-user": "u" },
    allowed: ["users u"],
    want: { name: "u", groups: ["system:authenticated"] },
  },
  {
    name: "groups",
    headers: { "impersonate-user": "u", "impersonate-group": "a, b" },
    allowed: ["users u", "groups a", "groups b"],
    want: { name: "u", groups: ["a", "b", "system:authenticated"] },
  },
  {
    name: "a service account has its groups",
    headers: { "impersonate-user": "system:serviceaccount:n:s" },
    allowed: ["serviceaccounts n/s"],
    want: {
      name: "system:serviceaccount:n:s",
      groups: ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"],
    },
  },
  {
    name: "a service account with other groups",
    headers: { "impersonate-user": "system:serviceaccount:n:s", "impersonate-group": "a" },
    want: { name: "system:serviceaccount:n:s", groups: ["a", "system:authenticated"] },
  },
  {
    name: "uid and extra",
    headers: { "impersonate-user": "u", "impersonate-uid": "1", "impersonate-extra-acme.com%2fscope": "x, y" },
    allowed: ["users u", "uids 1", "userextras/acme.com/scope x", "userextras/acme.com/scope y"],
    want: { name: "u", uid: "1", groups: ["system:authenticated"], extra: { "acme.com/scope": ["x", "y"] } },
  },
  {
    name: "nobody",
    headers: { "impersonate-user": "system:anonymous" },
    want: { name: "system:anonymous", groups: ["system:unauthenticated"] },
  },
  {
    name: "unauthenticated stays so",
    headers: { "impersonate-user": "u", "impersonate-group": "system:unauthenticated" },
    want: { name: "u", groups: ["system:unauthenticated"] },
  },
]) {
  test(`resolveImpersonation: ${name}`, () => {
    assert.deepEqual(resolveImpersonation(headers, sender, allowing(...allowed)), want)
  })
}

for (const { name, headers, allowed, code, message } of [
  {
    name: "a group without a user",
    headers: { "impersonate-group": "a" },
    allowed: [],
    code: 400,
    message: /^requested \[\{Group {2}a {4}\}\] without impersonating a user$/,
  },
  {
    name: "a user that is not allowed",
    headers: { "impersonate-user": "u" },
    allowed: [],
    code: 403,
    message:
      /^users "u" is forbidden: User "boss" cannot impersonate resource "users" in API group "" at the cluster scope$/,
  },
  {
    name: "one of two groups",
    headers: { "impersonate-user": "u", "impersonate-group": "a, system:masters" },
    allowed: ["users u", "groups a"],
    code: 403,
    message: /^groups "system:masters" is forbidden/,
  },
  {
    name: "a service account as a user",
    headers: { "impersonate-user": "system:serviceaccount:n:s" },
    allowed: ["users system:serviceaccount:n:s"],
    code: 403,
    message: /^serviceaccounts "s" is forbidden: .* in the namespace "n"$/,
  },
  {
    name: "one of two values of extra",
    headers: { "impersonate-user": "u", "impersonate-extra-k": "x, y" },
    allowed: ["users u", "userextras/k x"],
    code: 403,
    message: /^userextras.authentication.k8s.io "y" is forbidden: .*"userextras\/k"/,
  },
]) {
  test(`resolveImpersonation: ${name} is refused`, () => {
    assert.throws(
      () => resolveImpersonation(headers, sender, allowing(...allowed)),
      (error: { code?: number; message: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test("forbiddenError: the words of kubectl's users", () => {
  const attributes = {
    resourceRequest: true,
    verb: "get",
    group: "apps",
    version: "v1",
    resource: "deployments",
    subresource: "scale",
    namespace: "n",
    name: "d",
  } as const
  assert.equal(
    forbiddenError({ name: "u<b>", groups: [] }, attributes, "why").message,
    'deployments.apps "d" is forbidden: User "u&lt;b&gt;" cannot get resource "deployments/scale" in API group "apps" in the namespace "n": why',
  )
  const path = forbiddenError(sender, { resourceRequest: false, verb: "get", path: "/foo" })
  assert.deepEqual(
    [path.message, path.code, path.reason],
    ['forbidden: User "boss" cannot get path "/foo"', 403, "Forbidden"],
  )
})

test("a group whose name has a comma is one group where the listener can tell", () => {
  const headers = { "impersonate-user": "u", "impersonate-group": "a, b", "impersonate-extra-k": "x, y" }
  const user = resolveImpersonation(
    headers,
    sender,
    allowing("users u", "groups a, b", "userextras/k x, y"),
    (name) => [headers[name as keyof typeof headers]],
  )
  assert.deepEqual([user?.groups, user?.extra], [["a, b", "system:authenticated"], { k: ["x, y"] }])
})
