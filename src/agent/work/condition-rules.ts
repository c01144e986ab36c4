import { isJsonObject } from "#apimachinery/json.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ConditionRule } from "#api/work/parts.ts"

type RuleCondition = Pick<Condition, "type" | "status" | "reason" | "message">

/**
 * Conditions that the work's rules make of a live object. Well-known: `Complete` of Jobs and Pods; other well-known
 * rules are ignored, as OCM does. CEL rules are reported as not evaluated. Source: OCM pkg/work/spoke/conditions.
 */
export function evaluateRules(object: UnknownObject, rules: readonly ConditionRule[]): readonly RuleCondition[] {
  return rules.flatMap((rule) => {
    const condition = evaluateRule(object, rule)
    return condition === undefined ? [] : [condition]
  })
}

function evaluateRule(object: UnknownObject, rule: ConditionRule): RuleCondition | undefined {
  if (rule.type === "WellKnownConditions") {
    const complete = rule.condition === "Complete" ? isComplete(object) : undefined
    if (complete === undefined) return undefined
    return {
      type: "Complete",
      status: complete.result ? "True" : "False",
      reason: "ConditionRuleEvaluated",
      message: rule.message || complete.message,
    }
  }
  const known = rule.type === "CEL"
  return {
    type: rule.condition,
    status: "Unknown",
    reason: known ? "ConditionRuleInternalError" : "ConditionRuleInvalid",
    message: known
      ? "Cannot evaluate CEL expressions: this agent has no CEL environment yet"
      : `unrecognized condition rule type ${rule.type}`,
  }
}

function isComplete(object: UnknownObject): { result: boolean; message: string } | undefined {
  const status = isJsonObject(object.status) ? object.status : {}
  if (object.apiVersion === "batch/v1" && object.kind === "Job") {
    const conditions = Array.isArray(status.conditions) ? status.conditions : []
    const result = conditions.some((c) => (c.type === "Complete" || c.type === "Failed") && c.status === "True")
    return { result, message: result ? "Job is finished" : "Job is not finished" }
  }
  if (object.apiVersion === "v1" && object.kind === "Pod") {
    const result = status.phase === "Succeeded" || status.phase === "Failed"
    return { result, message: `Pod is in phase ${typeof status.phase === "string" ? status.phase : ""}` }
  }
  return undefined
}
