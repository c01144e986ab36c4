// Expressions about requests: compiled once, evaluated for each request within a budget. Source: k8s.io/apiserver
// admission/plugin/cel/{compile,activation,condition}.go.
import { CompileError, compile, evaluate, type Environment, type Expression } from "#cel/expression.ts"
import { BOOL, isDyn, NULL, sameType, STRING, type Type } from "#cel/types/type.ts"
import { isError, type Value } from "#cel/values/value.ts"

/** What one expression may cost. */
const CALL_COST_MAX = 1_000_000

export type Condition = {
  readonly text: string
  readonly program?: Expression
  /** Why there is no program. */
  readonly error?: string
}

/** The types that an expression may have; empty for any. */
export const TRUTH: readonly Type[] = [BOOL]
export const TEXT: readonly Type[] = [STRING]
export const TEXT_OR_NOTHING: readonly Type[] = [STRING, NULL]
export const ANYTHING: readonly Type[] = []

export function compileCondition(text: string, environment: Environment, wanted: readonly Type[]): Condition {
  const program = compile(text, environment)
  if (program instanceof CompileError) {
    const what = program.kind === "program" ? "program instantiation failed" : "compilation failed"
    return { text, error: `${what}: ${program.message}` }
  }
  if (wanted.length === 0 || wanted.some((type) => sameType(type, program.type))) return { text, program }
  const names = wanted.map((type) => type.name)
  const which = names.length === 1 ? names[0] : `one of [${names.join(" ")}]`
  return { text, error: `must evaluate to ${which} but got ${typeName(program.type)}` }
}

/** A type as cel-go's Type.String() has it. */
function typeName({ name, params }: Type): string {
  return params.length === 0 ? name : `${name}(${params.map(typeName).join(", ")})`
}

/** The type that a variable of a condition's value has for the expressions after it; undefined for any. */
export function variableType({ program }: Condition): Type | undefined {
  return program === undefined ? undefined : declaredVariable(program.type)
}

/** Source: convertCelTypeToDeclType. Of types with names of their own nothing is known. */
function declaredVariable(type: Type): Type | undefined {
  const inner = type.params.map(declaredVariable)
  switch (type.kind) {
    case "list":
    case "map":
      return inner.includes(undefined) ? undefined : { ...type, params: inner as Type[] }
    case "struct":
    case "opaque":
    case "type":
    case "param":
    case "error":
      return undefined
    default:
      return isDyn(type) ? undefined : type
  }
}

export type Evaluated = { readonly value: Value } | { readonly error: string }

/** No more can be evaluated: the budget of the request is spent. */
export class BudgetExceeded extends Error {
  override readonly name = "BudgetExceeded"

  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run")
  }
}

/** What is left to spend of a budget. */
export class Budget {
  #left: number

  constructor(cost: number) {
    this.#left = cost
  }

  /** @throws BudgetExceeded */
  spend(cost: number): void {
    if (cost > this.#left) throw new BudgetExceeded()
    this.#left -= cost
  }
}

export type Variables = {
  readonly values: { readonly [name: string]: Value }
  /** What evaluating the policy's own variables has cost since it was last asked. */
  takeCost(): number
}

/** @throws BudgetExceeded */
export function evaluateCondition(
  { text, program, error }: Condition,
  variables: Variables,
  budget: Budget,
): Evaluated {
  if (program === undefined) return { error: `compilation error: ${error}` }
  const { value, cost } = evaluateProgram(program, variables)
  budget.spend(variables.takeCost())
  budget.spend(cost)
  return isError(value) ? { error: `expression '${text}' resulted in error: ${value.message}` } : { value }
}

export function evaluateProgram(program: Expression, { values }: Variables): { value: Value; cost: number } {
  return evaluate(program, values, CALL_COST_MAX)
}
