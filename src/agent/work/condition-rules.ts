import type { Condition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ConditionRule } from "#api/work/parts.ts"
import { CompileError, compile, evaluate, type Environment, type Expression } from "#cel/expression.ts"
import { declare, overload } from "#cel/libraries/declare.ts"
import { kubernetesEnvironment } from "#cel/libraries/kubernetes.ts"
import { BOOL, DYN, type Type } from "#cel/types/type.ts"
import { valueOf } from "#cel/values/from-json.ts"
import { CelError, isError, ListValue, MapValue, type Value } from "#cel/values/value.ts"
import { BoundedMap } from "#lib/bounded-map.ts"

type RuleCondition = Pick<Condition, "type" | "status" | "reason" | "message">

/** What one expression may cost, and all rules of one manifest together. */
const CALL_COST_MAX = 1_000_000
const RULES_COST_MAX = 10_000_000
/** Expressions kept compiled. */
const COMPILED_MAX = 1_000

/**
 * Conditions that the work's rules make of a live object. Well-known are the rules `Complete` of Jobs and Pods; other
 * well-known ones are ignored. Source: OCM pkg/work/spoke/conditions.
 */
export function evaluateRules(object: UnknownObject, rules: readonly ConditionRule[]): readonly RuleCondition[] {
  if (rules.length === 0) return []
  const run = new Run(object)
  return rules.flatMap((rule) => run.condition(rule) ?? [])
}

type CelRule = Pick<ConditionRule, "condition" | "celExpressions" | "message" | "messageExpression">

const WELL_KNOWN: { readonly [kind: string]: { readonly [condition: string]: CelRule } } = {
  "batch/v1 Job": {
    Complete: {
      condition: "Complete",
      celExpressions: [
        "hasConditions(object.status) ? object.status.conditions.filter(c, c.type == 'Complete' || c.type == 'Failed')" +
          ".exists(c, c.status == 'True') : false",
      ],
      messageExpression: `result ? "Job is finished" : "Job is not finished"`,
    },
  },
  "v1 Pod": {
    Complete: {
      condition: "Complete",
      celExpressions: ["object.status.phase in ['Succeeded', 'Failed']"],
      messageExpression: `"Pod is in phase " + object.status.phase`,
    },
  },
}

function wellKnown({ apiVersion, kind }: UnknownObject, rule: ConditionRule): CelRule | undefined {
  const known = WELL_KNOWN[`${apiVersion} ${kind}`]?.[rule.condition]
  if (known === undefined) return undefined
  const { message, messageExpression } = rule
  return { ...known, ...(message ? { message } : {}), ...(messageExpression ? { messageExpression } : {}) }
}

/** The reason stands in the condition; the text is its message. */
class RuleFailure extends Error {
  override readonly name = "RuleFailure"
}

/** The rules of one manifest, which have one budget. */
class Run {
  readonly #source: UnknownObject
  #object: Value | undefined
  #budget = RULES_COST_MAX

  constructor(object: UnknownObject) {
    this.#source = object
  }

  condition(rule: ConditionRule): RuleCondition | undefined {
    if (rule.type === "CEL") return this.#byExpressions(rule)
    if (rule.type === "WellKnownConditions") {
      const known = wellKnown(this.#source, rule)
      return known && this.#byExpressions(known)
    }
    const message = `unrecognized condition rule type ${rule.type}`
    return { type: rule.condition, status: "Unknown", reason: "ConditionRuleInvalid", message }
  }

  #byExpressions(rule: CelRule): RuleCondition {
    const type = rule.condition
    try {
      const result = (rule.celExpressions ?? []).every((text) => this.#isTrue(text))
      const message = this.#message(rule, result)
      return { type, status: result ? "True" : "False", reason: "ConditionRuleEvaluated", message }
    } catch (error) {
      if (!(error instanceof RuleFailure)) throw error
      return { type, status: "False", reason: "ConditionRuleExpressionError", message: error.message }
    }
  }

  #isTrue(text: string): boolean {
    const program = compiled(text, RULE)
    if (program instanceof CompileError) throw new RuleFailure(program.message)
    const value = this.#evaluate(program, {})
    if (isError(value)) throw new RuleFailure(value.message)
    if (typeof value === "boolean") return value
    throw new RuleFailure(`expected bool result, got ${goTypeOf(value)}`)
  }

  /** What cannot be told by the expression is told plainly: the condition itself stands. */
  #message({ condition, message, messageExpression }: CelRule, result: boolean): string {
    if (messageExpression) {
      const program = compiled(messageExpression, MESSAGE)
      // Without the lines that show the expression.
      if (program instanceof CompileError) return program.message.split("\n | ")[0]!
      const value = this.#evaluate(program, { result })
      if (isError(value)) return value.message
      if (typeof value !== "string")
        return `expected message expression to have a string result, got ${goTypeOf(value)}`
      if (value !== "") return value
    }
    return message || `Manifest is ${result ? "" : "not "}${condition}`
  }

  #evaluate(program: Expression, more: { readonly [name: string]: Value }): Value {
    this.#object ??= valueOf(this.#source)
    const { value, cost } = evaluate(program, { object: this.#object, ...more }, CALL_COST_MAX)
    if (cost > this.#budget) return new CelError("CEL evaluation budget exceeded")
    this.#budget -= cost
    return value
  }
}

/** Whether a status has conditions at all. */
const HAS_CONDITIONS = declare(
  "hasConditions",
  overload("status_has_conditions", [DYN], BOOL, (status) => {
    const conditions = status instanceof MapValue ? status.find("conditions") : undefined
    return conditions instanceof ListValue && conditions.size > 0
  }),
)

type Place = "rule" | "message"
const RULE: Place = "rule"
const MESSAGE: Place = "message"

const VARIABLES: { readonly [place in Place]: ReadonlyMap<string, Type> } = {
  rule: new Map([["object", DYN]]),
  message: new Map([
    ["object", DYN],
    ["result", BOOL],
  ]),
}

const environments = new Map<Place, Environment>()
const expressions = new BoundedMap<string, Expression | CompileError>(COMPILED_MAX)

function compiled(text: string, place: Place): Expression | CompileError {
  return expressions.getOrMake(`${place} ${text}`, () => {
    let environment = environments.get(place)
    if (environment === undefined) {
      environment = kubernetesEnvironment({ variables: VARIABLES[place], functions: [HAS_CONDITIONS] })
      environments.set(place, environment)
    }
    return compile(text, environment)
  })
}

/** As Go names the type of a value that an expression had. */
function goTypeOf(value: Value): string {
  if (typeof value === "bigint") return "int64"
  if (typeof value === "number") return "float64"
  if (typeof value === "string") return "string"
  if (typeof value === "boolean") return "bool"
  if (value === null) return "structpb.NullValue"
  return value instanceof ListValue ? "[]interface {}" : "map[string]interface {}"
}
