import type { ValidationRule } from "#apimachinery/openapi.ts"
import { evaluate } from "#cel/expression.ts"
import { isError, type Value } from "#cel/values/value.ts"
import { goQuote } from "#apimachinery/go-text.ts"
import type { CompiledRule } from "./compile-rules.ts"

/** Bytes of a message that an expression may make. */
const MESSAGE_SIZE_MAX = 5 * 1024

/** What one message may cost. */
const CALL_COST_MAX = 1_000_000

/** The rule as messages name it. */
export function ruleName({ message = "", rule }: ValidationRule): string {
  return message === "" ? rule.trim() : message.trim()
}

/** A message and what making it has cost; or why no further rules can be looked at. */
type Message = { readonly text: string; readonly cost: number } | { readonly refusal: string }

/** What is told of a rule that does not hold. An expression that makes no message gives way to the plain one. */
export function ruleMessage(
  compiled: CompiledRule,
  variables: { readonly [name: string]: Value },
  budget: number,
): Message {
  const { rule } = compiled
  const plain = rule.message ? rule.message.trim() : `failed rule: ${ruleName(rule)}`
  if (compiled.message === undefined) return { text: plain, cost: 0 }
  const { value, cost, costExceeded } = evaluate(compiled.message, variables, CALL_COST_MAX)
  if (cost > budget) {
    return {
      refusal:
        "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run",
    }
  }
  if (costExceeded) {
    const why = "no further validation rules will be run due to call cost exceeds limit for messageExpression"
    return { refusal: `${why}: ${goQuote(rule.messageExpression ?? "")}` }
  }
  const text = isError(value) || typeof value !== "string" ? "" : value.trim()
  const usable = text !== "" && !text.includes("\n") && Buffer.byteLength(text) <= MESSAGE_SIZE_MAX
  return { text: usable ? text : plain, cost }
}
