import type { CallExpr } from "#cel/syntax/ast.ts"
import { OPERATORS } from "#cel/syntax/ast.ts"
import { qualifiedName, type CallReference } from "#cel/types/checker.ts"
import {
  candidateNames,
  type Call,
  type Environment,
  type FunctionDeclaration,
  type Overload,
} from "#cel/types/declarations.ts"
import { isOfType, typeOf } from "#cel/values/type-of.ts"
import { CelError, isError, type Value } from "#cel/values/value.ts"
import { goRegExp } from "#apimachinery/schema/go-regexp.ts"
import { PlanError } from "./frame.ts"

/** How a call is made. */
export type Caller = {
  readonly name: string
  /** The only overload that it may be of, for its cost; otherwise empty. */
  readonly overload: string
  readonly call: Call
  /** Errors among the arguments are handed over. */
  readonly nonStrict: boolean
  /** @throws PlanError for constant arguments with which the call cannot work */
  readonly checkConstants?: (args: readonly (Value | undefined)[]) => void
}

/** Functions whose second argument is a pattern. */
const PATTERNS = new Set(["matches", "find", "findAll"])

export function callerOf(
  expr: CallExpr,
  environment: Environment,
  reference: CallReference | undefined,
  qualified: boolean,
): Caller {
  const declaration = reference?.declaration ?? lookUp(expr, environment, qualified)
  if (declaration === undefined) {
    const error = new CelError(`no such overload: ${expr.function}`)
    return { name: expr.function, overload: "", call: () => error, nonStrict: false }
  }
  const { name } = declaration
  const isMember = expr.target !== undefined && !qualified
  const count = expr.args.length + (isMember ? 1 : 0)
  const only = reference?.overloads.length === 1 ? reference.overloads[0]! : ""
  const candidates = declaration.overloads.filter(
    (o) => o.member === isMember && o.args.length === count && (only === "" || o.id === only),
  )
  return {
    name,
    overload: only,
    nonStrict: name === OPERATORS.notStrictlyFalse,
    call: declaration.call ?? dispatch(name, candidates),
    ...(PATTERNS.has(name) ? { checkConstants: checkPattern } : {}),
  }
}

function lookUp(expr: CallExpr, environment: Environment, qualified: boolean): FunctionDeclaration | undefined {
  const name = qualified ? `${qualifiedName(expr.target!)}.${expr.function}` : expr.function
  for (const candidate of candidateNames(environment.container, name)) {
    const declaration = environment.functions.get(candidate)
    if (declaration !== undefined) return declaration
  }
  return undefined
}

/** The first overload whose arguments are of the types of the values. */
function dispatch(name: string, overloads: readonly Overload[]): Call {
  return (...args) => {
    for (const candidate of overloads) {
      if (candidate.call !== undefined && candidate.args.every((type, i) => isOfType(args[i]!, type))) {
        return candidate.call(...args)
      }
    }
    const wrong = args.find(isError)
    if (wrong !== undefined) return wrong
    return new CelError(`no such overload: ${name}(${args.map((arg) => typeOf(arg).name).join(", ")})`)
  }
}

function checkPattern(args: readonly (Value | undefined)[]): void {
  const pattern = args[1]
  if (typeof pattern !== "string") return
  const compiled = goRegExp(pattern)
  if (compiled instanceof Error) throw new PlanError(compiled.message)
}
