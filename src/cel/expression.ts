/**
 * Expressions in CEL, as Kubernetes 1.35 has them: compile once, evaluate often.
 *
 *     const environment = kubernetesEnvironment({ variables: new Map([["labels", mapType(STRING, STRING)]]) })
 *     const compiled = compile("'region' in labels && labels.region.startsWith('eu-')", environment, BOOL)
 *     if (compiled instanceof CompileError) refuse(compiled.message)
 *     else evaluate(compiled, { labels: valueOf(cluster.metadata.labels) }, 10_000)
 *
 * Values come from JSON by `valueOf` (values/from-json.ts), or by a schema (schema/schema-value.ts).
 */
import { estimateCost, type SizeOfPath } from "./cost/estimate.ts"
import type { Range } from "./cost/range.ts"
import { CostLimitExceeded, PlanError, type Frame } from "./plan/frame.ts"
import { plan, type Plan } from "./plan/planner.ts"
import type { Expr } from "./syntax/ast.ts"
import { parse } from "./syntax/parser.ts"
import { issuesText } from "./syntax/source.ts"
import { check, type Checked } from "./types/checker.ts"
import type { Environment } from "./types/declarations.ts"
import { checkLiterals } from "./types/literal-checks.ts"
import { sameType, type Type } from "./types/type.ts"
import { CelError, type Value } from "./values/value.ts"

/** Why an expression cannot be used. `kind` tells what of it failed; the message is cel-go's. */
export class CompileError {
  readonly kind: "invalid" | "type" | "program"
  readonly message: string

  constructor(kind: CompileError["kind"], message: string) {
    this.kind = kind
    this.message = message
  }
}

/** A checked expression, ready to be evaluated. */
export type Expression = {
  readonly text: string
  readonly type: Type
  /** Whether the expression refers to the variable. */
  readonly uses: (variable: string) => boolean
  readonly expr: Expr
  readonly checked: Checked
  readonly plan: Plan
}

export type Outcome = {
  /** The value, or a {@link CelError} that says why there is none. */
  readonly value: Value
  /** What the evaluation has cost, in Kubernetes' units. When it was too much, more than it may. */
  readonly cost: number
  readonly costExceeded: boolean
}

/**
 * Reads and checks an expression.
 *
 * @param wanted  the type that it must have; any when left out
 */
export function compile(text: string, environment: Environment, wanted?: Type): Expression | CompileError {
  const { source, expr, issues } = parse(text, environment.bindings)
  if (expr === undefined) return new CompileError("invalid", issuesText(source, issues))
  const checked = check(expr, environment)
  const problems = checked.issues.length > 0 ? checked.issues : checkLiterals(expr, checked)
  if (problems.length > 0) return new CompileError("invalid", issuesText(source, problems))
  const type = checked.types.get(expr)!
  if (wanted !== undefined && !sameType(type, wanted))
    return new CompileError("type", `must evaluate to ${wanted.name}`)
  const used = new Set(Array.from(checked.names.values(), ({ name }) => name))
  try {
    const planned = plan(expr, environment, checked)
    return { text, type, uses: (variable) => used.has(variable), expr, checked, plan: planned }
  } catch (error) {
    if (error instanceof PlanError) return new CompileError("program", error.message)
    throw error
  }
}

/**
 * Evaluates an expression.
 *
 * @param variables  by name; one that is left out makes an error of what refers to it
 * @param costMax  when it costs more, it ends with an error
 */
export function evaluate(
  { plan: { step, slots, slotCount } }: { readonly plan: Plan },
  variables: { readonly [name: string]: Value },
  costMax = Infinity,
): Outcome {
  const frame: Frame = { slots: Array.from({ length: slotCount }), cost: 0, costMax }
  for (const [name, slot] of slots) if (Object.hasOwn(variables, name)) frame.slots[slot] = variables[name]
  try {
    return { value: step(frame), cost: frame.cost, costExceeded: false }
  } catch (error) {
    if (!(error instanceof CostLimitExceeded)) throw error
    return { value: new CelError(error.message), cost: frame.cost, costExceeded: true }
  }
}

/** What evaluating may cost at least and at most. @param sizeOfPath  how large the variables can be */
export function estimate({ expr, checked }: Expression, sizeOfPath: SizeOfPath): Range {
  return estimateCost(expr, checked, sizeOfPath)
}

export type { Environment, SizeOfPath, Type, Value }
