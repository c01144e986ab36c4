// Rules of one schema as programs. Source: apiextensions-apiserver pkg/apiserver/schema/cel/compilation.go.
import type { JsonSchema, ValidationRule } from "#apimachinery/openapi.ts"
import { CompileError, compile, estimate, type Environment, type Expression } from "#cel/expression.ts"
import { kubernetesEnvironment } from "#cel/libraries/kubernetes.ts"
import { cardinalityMax, declaredType, sizeAt, typeProvider, type DeclaredType } from "#cel/schema/declared-type.ts"
import { BOOL, optionalType, STRING, type Type } from "#cel/types/type.ts"
import { normalRulePath } from "./rule-path.ts"

/** What an object's own type is called in messages. */
const SELF_TYPE = "selfType"

export type CompiledRule = {
  readonly rule: ValidationRule
  /** Why the rule cannot be used. */
  readonly error?: string
  readonly messageError?: string
  readonly program?: Expression
  readonly message?: Expression
  readonly usesOldSelf: boolean
  /** What it may cost at most, once. */
  readonly costMax: number
  readonly messageCostMax: number
  /** Where a failure is told, below the value itself. */
  readonly fieldPath: string
}

export type CompiledRules = {
  readonly rules: readonly CompiledRule[]
  /** How many values with these rules an object can have. */
  readonly cardinalityMax: number
}

const compiled = new WeakMap<JsonSchema, CompiledRules>()

/** @param isResource  the schema is of a whole object */
export function compileRules(schema: JsonSchema, isResource: boolean): CompiledRules {
  let known = compiled.get(schema)
  if (known === undefined) {
    known = compileAll(schema, isResource)
    compiled.set(schema, known)
  }
  return known
}

function compileAll(schema: JsonSchema, isResource: boolean): CompiledRules {
  const rules = schema["x-kubernetes-validations"] ?? []
  const declared = declaredType(schema, isResource, SELF_TYPE)
  if (declared === undefined) {
    const error = "rule compiler initialization error: failed to convert to declType for CEL validation rules"
    return { rules: rules.map((rule) => ({ ...unusable(rule), error })), cardinalityMax: 1 }
  }
  const plain = environmentOf(declared, declared.type)
  const optional = environmentOf(declared, optionalType(declared.type))
  return {
    rules: rules.map((rule) => compileRule(rule, schema, declared, rule.optionalOldSelf === true ? optional : plain)),
    cardinalityMax: cardinalityMax(declared),
  }
}

function environmentOf(declared: DeclaredType, oldSelf: Type): Environment {
  const variables = new Map([
    ["self", declared.type],
    ["oldSelf", oldSelf],
  ])
  return kubernetesEnvironment({ variables, types: typeProvider(declared) })
}

const unusable = (rule: ValidationRule): CompiledRule => ({
  rule,
  usesOldSelf: false,
  costMax: 0,
  messageCostMax: 0,
  fieldPath: "",
})

function compileRule(
  rule: ValidationRule,
  schema: JsonSchema,
  declared: DeclaredType,
  environment: Environment,
): CompiledRule {
  const none = unusable(rule)
  if (rule.rule.trim() === "") return none
  const program = compile(rule.rule, environment, BOOL)
  if (program instanceof CompileError) return { ...none, error: RULE_ERRORS[program.kind](program.message) }
  const sizeOfPath = (path: readonly string[]) => sizeAt(declared, path)
  const own: CompiledRule = {
    rule,
    program,
    usesOldSelf: program.uses("oldSelf"),
    costMax: estimate(program, sizeOfPath).max,
    messageCostMax: 0,
    fieldPath: rule.fieldPath ? (normalRulePath(rule.fieldPath, schema) ?? "") : "",
  }
  if (!rule.messageExpression) return own
  const message = compile(rule.messageExpression, environment, STRING)
  if (message instanceof CompileError) return { ...own, messageError: MESSAGE_ERRORS[message.kind](message.message) }
  return { ...own, message, messageCostMax: estimate(message, sizeOfPath).max }
}

type ErrorTexts = { readonly [kind in CompileError["kind"]]: (message: string) => string }

const RULE_ERRORS: ErrorTexts = {
  invalid: (message) => `compilation failed: ${message}`,
  type: () => "cel expression must evaluate to a bool",
  program: (message) => `program instantiation failed: ${message}`,
}
const MESSAGE_ERRORS: ErrorTexts = {
  invalid: (message) => `messageExpression compilation failed: ${message}`,
  type: () => "messageExpression must evaluate to a string",
  program: (message) => `messageExpression instantiation failed: ${message}`,
}
