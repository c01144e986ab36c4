// What a policy says of one request. Source: k8s.io/apiserver admission/plugin/policy/validating/validator.go.
import type { Value } from "#cel/values/value.ts"
import { variablesFor, type Subject } from "#apiserver/admission/expressions/activation.ts"
import {
  Budget,
  BudgetExceeded,
  evaluateCondition,
  type Condition,
  type Evaluated,
} from "#apiserver/admission/expressions/condition.ts"
import { meetsConditions } from "#apiserver/admission/expressions/match-conditions.ts"
import type { Policy, Validation } from "./policy.ts"

/** What all validations of one binding may cost for one parameter; so may its audit annotations. */
const COST_MAX = 10_000_000
const MESSAGE_BYTES_MAX = 5 * 1024

/** Of one validation. */
export type Decision =
  | { readonly denied: false }
  /** `reason` is "" for what could not be told. */
  | { readonly denied: true; readonly message: string; readonly reason: string }

export type Annotation = { readonly key: string } & ({ readonly value: string } | { readonly error: string })

/** In the order of the policy's validations, and of its audit annotations without those that say nothing. */
export type Judgement = { readonly decisions: readonly Decision[]; readonly annotations: readonly Annotation[] }

const NOTHING: Judgement = { decisions: [], annotations: [] }

export function judge(policy: Policy, subject: Subject): Judgement {
  const conditions = policy.matchConditions
  if (conditions.length > 0) {
    const met = meetsConditions(conditions, variablesFor({ ...subject, toldAsRequested: true }, policy.variables))
    if (met === false) return NOTHING
    if (met !== true) return policy.isFailureIgnored ? NOTHING : { ...NOTHING, decisions: [failed(policy, met.error)] }
  }
  try {
    return { decisions: decide(policy, subject), annotations: annotate(policy, subject) }
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error
    return { ...NOTHING, decisions: [failed(policy, error.message)] }
  }
}

const ADMITTED: Decision = { denied: false }

const failed = (policy: Policy, message: string): Decision =>
  policy.isFailureIgnored ? ADMITTED : { denied: true, message, reason: "" }

function decide(policy: Policy, subject: Subject): Decision[] {
  const budget = new Budget(COST_MAX)
  const variables = variablesFor(subject, policy.variables)
  const results = policy.validations.map(({ expression }) => evaluateCondition(expression, variables, budget))
  const messages = messagesOf(policy, subject, budget)
  return policy.validations.map((validation, i) => {
    const result = results[i]!
    if ("error" in result) return failed(policy, result.error)
    if (messages instanceof BudgetExceeded) return failed(policy, `failed messageExpression: ${messages.message}`)
    if (result.value === true) return ADMITTED
    return { denied: true, message: messageOf(validation, messages[i]), reason: validation.reason || "Invalid" }
  })
}

/** All are evaluated, needed or not: what they cost does not hang on the outcome. */
function messagesOf(policy: Policy, subject: Subject, budget: Budget): BudgetExceeded | (Evaluated | undefined)[] {
  const variables = variablesFor(subject, policy.variables)
  try {
    return policy.validations.map(
      ({ messageExpression }) => messageExpression && evaluateCondition(messageExpression, variables, budget),
    )
  } catch (error) {
    if (error instanceof BudgetExceeded) return error
    throw error
  }
}

/** The expression's message, else the plain one, else the expression that is not true. */
function messageOf({ message, expression }: Validation, evaluated: Evaluated | undefined): string {
  const made = evaluated !== undefined && "value" in evaluated ? textOf(evaluated.value) : ""
  return usable(made) || message.trim() || `failed expression: ${expression.text.trim()}`
}

const textOf = (value: Value) => (typeof value === "string" ? value.trim() : "")

const usable = (text: string) => (text.includes("\n") || Buffer.byteLength(text) > MESSAGE_BYTES_MAX ? "" : text)

function annotate(policy: Policy, subject: Subject): Annotation[] {
  if (policy.auditAnnotations.length === 0) return []
  const budget = new Budget(COST_MAX)
  const variables = variablesFor(subject, policy.variables)
  return policy.auditAnnotations.flatMap(({ key, value }) => {
    const result = evaluateCondition(value, variables, budget)
    if ("error" in result) return policy.isFailureIgnored ? [] : [{ key, error: result.error }]
    return annotationOf(key, value, result.value)
  })
}

function annotationOf(key: string, { text }: Condition, value: Value): Annotation[] {
  if (value === null) return []
  if (typeof value === "string") return value.trim() === "" ? [] : [{ key, value: value.trim() }]
  const why = "resulted in unsupported return type. Return type must be either string or null."
  return [{ key, error: `valueExpression '${text}' ${why}` }]
}
