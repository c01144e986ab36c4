// Conditions that a webhook or a policy sets on what it is asked about. Source: k8s.io/apiserver
// admission/plugin/webhook/matchconditions/matcher.go.
import { Budget, BudgetExceeded, compileCondition, evaluateCondition, TRUTH, type Variables } from "./condition.ts"
import type { NamedCondition } from "./activation.ts"
import { admissionEnvironment, type Declared } from "./environment.ts"

/** admissionregistration.k8s.io/v1 MatchCondition. */
export type MatchCondition = { readonly name: string; readonly expression: string }

/** What all conditions of one webhook or policy may cost together. */
const MATCH_COST_MAX = 2_500_000

export function compileMatchConditions(
  conditions: readonly MatchCondition[],
  declared: Declared,
): readonly NamedCondition[] {
  if (conditions.length === 0) return []
  const environment = admissionEnvironment(declared)
  return conditions.map(({ name, expression }) => ({
    name,
    condition: compileCondition(expression, environment, TRUTH),
  }))
}

/** Whether all conditions hold; or why that cannot be told, while none of them is false. */
export function meetsConditions(
  conditions: readonly NamedCondition[],
  variables: Variables,
): boolean | { readonly error: string } {
  const budget = new Budget(MATCH_COST_MAX)
  const errors: string[] = []
  try {
    const results = conditions.map(({ condition }) => evaluateCondition(condition, variables, budget))
    for (const result of results) {
      if ("error" in result) errors.push(result.error)
      else if (result.value === false) return false
    }
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error
    return { error: error.message }
  }
  if (errors.length === 0) return true
  const distinct = [...new Set(errors)]
  return { error: distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]` }
}
