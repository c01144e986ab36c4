import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ConditionRule } from "#api/work/parts.ts"
import { evaluateRules } from "./condition-rules.ts"

const deployment = (status: object): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", generation: 2 },
  spec: { replicas: 3 },
  status,
})
const cel = (celExpressions: string[], more: Partial<ConditionRule> = {}): ConditionRule => ({
  condition: "Progressing",
  type: "CEL",
  celExpressions,
  ...more,
})
const only = (object: UnknownObject, rule: ConditionRule) => {
  const [condition, ...more] = evaluateRules(object, [rule])
  assert.deepEqual(more, [])
  return condition && [condition.type, condition.status, condition.reason, condition.message]
}

const running = deployment({ replicas: 3, readyReplicas: 3, observedGeneration: 2 })

for (const { name, rule, object = running, want } of [
  {
    name: "all expressions hold",
    rule: cel([
      "object.status.readyReplicas == object.spec.replicas",
      "object.status.observedGeneration == object.metadata.generation",
    ]),
    want: ["Progressing", "True", "ConditionRuleEvaluated", "Manifest is Progressing"],
  },
  {
    name: "the first that does not hold ends it",
    rule: cel(["object.status.readyReplicas < 3", "object.none.nothing"]),
    want: ["Progressing", "False", "ConditionRuleEvaluated", "Manifest is not Progressing"],
  },
  {
    name: "messages know the result",
    rule: cel(["true"], {
      messageExpression: "result ? string(object.status.readyReplicas) + ' ready' : 'waiting'",
      message: "plain",
    }),
    want: ["Progressing", "True", "ConditionRuleEvaluated", "3 ready"],
  },
  {
    name: "an empty message gives way to the plain one",
    rule: cel(["true"], { messageExpression: "''", message: "plain" }),
    want: ["Progressing", "True", "ConditionRuleEvaluated", "plain"],
  },
  {
    name: "a message that cannot be made says why, and the condition stands",
    rule: cel(["true"], { messageExpression: "object.none.nothing" }),
    want: ["Progressing", "True", "ConditionRuleEvaluated", "no such key: none"],
  },
  {
    name: "a message that does not compile says so without the lines of code",
    rule: cel(["true"], { messageExpression: "nobody" }),
    want: [
      "Progressing",
      "True",
      "ConditionRuleEvaluated",
      "ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')",
    ],
  },
  {
    name: "what is missing makes it false",
    rule: cel(["object.status.updatedReplicas == 3"]),
    want: ["Progressing", "False", "ConditionRuleExpressionError", "no such key: updatedReplicas"],
  },
  {
    name: "so does what does not compile",
    rule: cel(["object."]),
    want: [
      "Progressing",
      "False",
      "ConditionRuleExpressionError",
      "ERROR: <input>:1:8: Syntax error: no viable alternative at input '.'\n | object.\n | .......^",
    ],
  },
  {
    name: "and what is no truth value",
    rule: cel(["object.status.readyReplicas"]),
    want: ["Progressing", "False", "ConditionRuleExpressionError", "expected bool result, got int64"],
  },
  {
    name: "what costs too much is stopped",
    rule: cel([Array.from({ length: 7 }, (_, i) => `[1,2,3,4,5,6,7,8].all(a${i}, `).join("") + "true" + ")".repeat(7)]),
    want: ["Progressing", "False", "ConditionRuleExpressionError", "operation cancelled: actual cost limit exceeded"],
  },
  {
    name: "whether there are conditions",
    rule: cel(["!hasConditions(object.status)"]),
    want: ["Progressing", "True", "ConditionRuleEvaluated", "Manifest is Progressing"],
  },
  {
    name: "a pod that runs",
    object: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status: { phase: "Running" } },
    rule: { condition: "Complete", type: "WellKnownConditions" },
    want: ["Complete", "False", "ConditionRuleEvaluated", "Pod is in phase Running"],
  },
  {
    name: "a job that failed is complete, in the rule's own words",
    object: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "j" },
      status: { conditions: [{ type: "Failed", status: "True" }] },
    },
    rule: { condition: "Complete", type: "WellKnownConditions", message: "over" },
    // Its message expression goes before.
    want: ["Complete", "True", "ConditionRuleEvaluated", "Job is finished"],
  },
  {
    name: "a job that has not begun",
    object: { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, status: {} },
    rule: { condition: "Complete", type: "WellKnownConditions" },
    want: ["Complete", "False", "ConditionRuleEvaluated", "Job is not finished"],
  },
  {
    name: "nothing is well known of others",
    rule: { condition: "Complete", type: "WellKnownConditions" },
    want: undefined,
  },
  {
    name: "a rule of no type that there is",
    rule: { condition: "X", type: "Guess" as never },
    want: ["X", "Unknown", "ConditionRuleInvalid", "unrecognized condition rule type Guess"],
  },
] as { name: string; rule: ConditionRule; object?: UnknownObject; want: string[] | undefined }[]) {
  test(`evaluateRules: ${name}`, () => assert.deepEqual(only(object, rule), want))
}

test("evaluateRules: the rules of a manifest have one budget", () => {
  const costly = cel([
    Array.from({ length: 6 }, (_, i) => `[1,2,3,4,5,6,7,8].all(a${i}, `).join("") + "true" + ")".repeat(6),
  ])
  const conditions = evaluateRules(
    running,
    Array.from({ length: 20 }, () => costly),
  )
  assert.equal(conditions[0]?.status, "True")
  assert.equal(conditions.at(-1)?.message, "CEL evaluation budget exceeded")
})
