import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { AdmissionRequest } from "#apiserver/admission/admission.ts"
import { builtinResources } from "#apiserver/builtin/resources.ts"
import { storedObjects } from "#apiserver/testing/stored-objects.ts"
import { seededRandom } from "#lib/random.ts"
import { judge } from "./judge.ts"
import { policyOf, type PolicySpec } from "./policy.ts"

const { reader } = await storedObjects()
const info = builtinResources({ random: seededRandom(1), reader: () => reader }).find(
  (i) => i.resource === "configmaps",
)!
const authorizer = {
  authorize: (_: unknown, { verb }: { verb: string }) => ({ allowed: verb === "get", reason: verb }),
}

function judged(spec: PolicySpec, data: { readonly [key: string]: string } = {}, params?: UnknownObject) {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "n" }, data }
  const request: AdmissionRequest = {
    operation: "CREATE",
    resource: info,
    subresource: "",
    namespace: "n",
    name: "a",
    object,
    user: { name: "u", groups: ["g"] },
    dryRun: false,
    nowMs: 0,
    warn: () => {},
  }
  const policy = policyOf({ apiVersion: "", kind: "", metadata: { name: "p" }, spec })
  return judge(policy, { request, info, object, oldObject: undefined, params, authorizer })
}

const denied = (message: string, reason = "Invalid") => ({ denied: true, message, reason })

test("what is not true is denied, in the policy's words", () => {
  const spec = {
    validations: [
      { expression: "size(object.data) < 1", message: " too many ", reason: "Forbidden" },
      { expression: "size(object.data) < 1", messageExpression: "'has ' + string(size(object.data))" },
      { expression: " size(object.data) < 1 ", messageExpression: "'a\\nb'" },
      { expression: "size(object.data) == 1" },
    ],
  }
  assert.deepEqual(judged(spec, { x: "1" }).decisions, [
    denied("too many", "Forbidden"),
    denied("has 1"),
    denied("failed expression: size(object.data) < 1"),
    { denied: false },
  ])
})

test("an error denies, unless failures are ignored", () => {
  const validations = [{ expression: "object.data.none == ''" }, { expression: "false" }]
  const message = "expression 'object.data.none == ''' resulted in error: no such key: none"
  const failing = denied("failed expression: false")
  assert.deepEqual(judged({ validations }).decisions, [denied(message, ""), failing])
  assert.deepEqual(judged({ validations, failurePolicy: "Ignore" }).decisions, [{ denied: false }, failing])
})

test("a variable is evaluated once, and only if it is needed", () => {
  const spec = {
    variables: [
      { name: "list", expression: "[1, 2, 3]" },
      { name: "doubled", expression: "variables.list.map(i, i * 2)" },
      { name: "broken", expression: "object.none" },
    ],
    validations: [{ expression: "variables.doubled == [2, 4, 6]" }, { expression: "true || variables.broken" }],
  }
  assert.deepEqual(judged(spec).decisions, [{ denied: false }, { denied: false }])
})

test("conditions that are not met end it; one that cannot be told denies, unless another is false", () => {
  const validations = [{ expression: "false" }]
  const met = { name: "met", expression: "true" }
  const unmet = { name: "unmet", expression: "object.metadata.name == 'b'" }
  const broken = { name: "broken", expression: "object.none" + " == 1" }
  const decisions = (...matchConditions: { name: string; expression: string }[]) =>
    judged({ validations, matchConditions }).decisions
  assert.equal(decisions(met).length, 1)
  assert.deepEqual(decisions(met, unmet), [])
  assert.deepEqual(decisions(broken, unmet), [])
  const why = "expression 'object.none == 1' resulted in error: no such key: none"
  assert.deepEqual(decisions(met, broken), [denied(why, "")])
})

test("what costs too much is stopped: one expression, or all together", () => {
  const digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
  const nested = (depth: number): string => (depth === 0 ? "true" : `${digits}.all(i${depth}, ${nested(depth - 1)})`)
  const [tooMuch] = judged({ validations: [{ expression: nested(6) }] }).decisions
  assert.match(JSON.stringify(tooMuch), /operation cancelled: actual cost limit exceeded/)
  const many = Array.from({ length: 40 }, () => ({ expression: nested(5) }))
  const all = judged({ validations: many }).decisions
  const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run"
  assert.deepEqual(all, [denied(outOfBudget, "")])
})

test("annotations say something, or nothing", () => {
  const spec = {
    auditAnnotations: [
      { key: "name", valueExpression: "' ' + object.metadata.name" },
      { key: "null", valueExpression: "null" },
      { key: "empty", valueExpression: "' '" },
      { key: "broken", valueExpression: "string(object.none)" },
    ],
  }
  const error = "expression 'string(object.none)' resulted in error: no such key: none"
  const name = { key: "name", value: "a" }
  assert.deepEqual(judged(spec).annotations, [name, { key: "broken", error }])
  assert.deepEqual(judged({ ...spec, failurePolicy: "Ignore" }).annotations, [name])
})

test("expressions know the parameter, and may ask what the user may do", () => {
  const paramKind = { apiVersion: "v1", kind: "ConfigMap" }
  const validations = [
    { expression: "params == null" },
    { expression: "params.max == 3 && params.kind == 'ConfigMap'" },
  ]
  const params = { ...paramKind, metadata: { name: "p" }, max: 3 }
  const decisions = judged({ paramKind, validations }, {}, params).decisions
  assert.deepEqual(decisions, [denied("failed expression: params == null"), { denied: false }])
  const asks = [
    "authorizer.group('').resource('secrets').namespace('n').name('x').check('get').allowed()",
    "!authorizer.requestResource.check('create').allowed()",
    "authorizer.path('/x').check('post').reason() == 'post'",
    "authorizer.serviceAccount('n', 'a').group('').resource('x').check('get').errored() == false",
    "authorizer.requestResource.labelSelector('a=b').fieldSelector('c=d').subresource('s').check('get').error() == ''",
  ]
  for (const expression of asks)
    assert.deepEqual(judged({ validations: [{ expression }] }).decisions, [{ denied: false }], expression)
  const bad = { validations: [{ expression: "authorizer.serviceAccount('N', 'a').path('/x').check('get').allowed()" }] }
  assert.match(JSON.stringify(judged(bad).decisions), /Invalid service account namespace/)
})
