// Rules evaluated on an object. Source: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go.
import { duplicateField, forbiddenField, invalidField, NO_FIELD, requiredField } from "#apimachinery/field-errors.ts"
import { isJsonObject, memberOf } from "#apimachinery/json.ts"
import type { JsonSchema, ValidationRule } from "#apimachinery/openapi.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { evaluate } from "#cel/expression.ts"
import { withObjectMeta } from "#cel/schema/declared-type.ts"
import { schemaValue } from "#cel/schema/schema-value.ts"
import { isError, OptionalValue, type Value } from "#cel/values/value.ts"
import { compileRules, type CompiledRule } from "./compile-rules.ts"
import { correlatedElement, Correlation } from "./correlation.ts"
import { ruleMessage, ruleName } from "./rule-message.ts"

/** What all rules may cost on one object, and one of them once. Source: apiserver pkg/apis/cel/config.go. */
const OBJECT_COST_MAX = 10_000_000
const CALL_COST_MAX = 1_000_000

const OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"

export type RuleProblems = {
  readonly errors: readonly FieldError[]
  /** Failures at what has not changed. */
  readonly warnings: readonly FieldError[]
}

/**
 * Evaluates all rules of a schema.
 *
 * @param before  undefined when the object is new: rules on transitions are left out then
 */
export function evaluateRules(after: unknown, before: unknown, schema: JsonSchema): RuleProblems {
  const run = new Run()
  if (hasRules(schema)) {
    const correlation = before === undefined ? undefined : new Correlation(after, before, schema)
    run.visit({ schema, path: "", isResource: true, after, before, correlation, parent: undefined })
  }
  return run
}

const known = new WeakMap<JsonSchema, boolean>()

/** Whether there is any rule in a schema. */
export function hasRules(schema: JsonSchema): boolean {
  let has = known.get(schema)
  if (has === undefined) {
    const { additionalProperties, items, properties } = schema
    has =
      (schema["x-kubernetes-validations"]?.length ?? 0) > 0 ||
      (items !== undefined && hasRules(items)) ||
      (typeof additionalProperties === "object" && hasRules(additionalProperties)) ||
      Object.values(properties ?? {}).some(hasRules)
    known.set(schema, has)
  }
  return has
}

type Visit = {
  readonly schema: JsonSchema
  readonly path: string
  readonly isResource: boolean
  readonly after: unknown
  readonly before: unknown
  readonly correlation: Correlation | undefined
  /** What is known of the nearest value around of which anything is known. */
  readonly parent: Correlation | undefined
}

class Run implements RuleProblems {
  readonly errors: FieldError[] = []
  readonly warnings: FieldError[] = []
  #budget = OBJECT_COST_MAX

  /** @returns whether to go on */
  visit(visit: Visit): boolean {
    const { schema, after } = visit
    if (after === null || after === undefined || !hasRules(schema)) return true
    if (!this.#evaluate(visit)) return false
    if (Array.isArray(after)) return this.#visitElements(visit, after)
    return !isJsonObject(after) || this.#visitMembers(visit, after)
  }

  #visitMembers(visit: Visit, after: Record<string, unknown>): boolean {
    const { properties, additionalProperties } = visit.schema
    const old = isJsonObject(visit.before) ? visit.before : {}
    for (const name of Object.keys(after)) {
      const property = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
      const schema = property ?? (typeof additionalProperties === "object" ? additionalProperties : undefined)
      if (schema === undefined) continue
      const path =
        property === undefined ? `${visit.path}[${name}]` : visit.path === "" ? name : `${visit.path}.${name}`
      const go = this.visit({
        ...inside(visit, visit.correlation?.member(name)),
        schema,
        path,
        isResource: schema["x-kubernetes-embedded-resource"] === true,
        after: after[name],
        before: memberOf(old, name),
      })
      if (!go) return false
    }
    return true
  }

  #visitElements(visit: Visit, after: readonly unknown[]): boolean {
    const { items } = visit.schema
    if (items === undefined) return true
    for (const [i, element] of after.entries()) {
      const go = this.visit({
        ...inside(visit, visit.correlation?.element(i)),
        schema: items,
        path: `${visit.path}[${i}]`,
        isResource: items["x-kubernetes-embedded-resource"] === true,
        after: element,
        before: correlatedElement(element, visit.before, visit.schema),
      })
      if (!go) return false
    }
    return true
  }

  #evaluate(visit: Visit): boolean {
    const { schema, after, before } = visit
    if ((schema["x-kubernetes-validations"]?.length ?? 0) === 0) return true
    const typeName = schema.type ?? ""
    const refuse = (why: string) => void this.errors.push(invalidField(visit.path || NO_FIELD, typeName, why))
    if (this.#budget <= 0) {
      refuse(OUT_OF_BUDGET)
      return false
    }
    const full = visit.isResource ? withObjectMeta(schema) : schema
    const hasBefore = before !== undefined && before !== null
    const self = schemaValue(after, full)
    const oldSelf = hasBefore ? schemaValue(before, full) : undefined
    for (const compiled of compileRules(schema, visit.isResource).rules) {
      if (compiled.error !== undefined) refuse(`rule compile error: ${compiled.error}`)
      if (compiled.program === undefined) continue
      const isOptional = compiled.rule.optionalOldSelf === true
      if (compiled.usesOldSelf && !hasBefore && !isOptional) continue
      const variables = variablesOf(self, oldSelf)
      const old = oldSelf === undefined ? OptionalValue.none : new OptionalValue(oldSelf)
      const ruleVariables = isOptional ? { self, oldSelf: old } : variables
      const { value, cost, costExceeded } = evaluate(compiled.program, ruleVariables, CALL_COST_MAX)
      if (cost > this.#budget) {
        refuse(OUT_OF_BUDGET)
        return false
      }
      this.#budget -= cost
      if (isError(value)) {
        refuse(failureText(value.message, costExceeded, compiled.rule))
        if (costExceeded) return false
      } else if (value !== true && !this.#refuse(visit, compiled, variables)) return false
    }
    return true
  }

  /** Tells of a rule that does not hold. @returns whether to go on */
  #refuse(visit: Visit, compiled: CompiledRule, variables: { readonly [name: string]: Value }): boolean {
    const { schema, path, after } = visit
    const field = compiled.fieldPath === "" ? path : path === "" ? compiled.fieldPath : `${path}.${compiled.fieldPath}`
    const unchanged = (visit.correlation ?? visit.parent)?.unchanged ?? false
    const into = !compiled.usesOldSelf && unchanged ? this.warnings : this.errors
    const message = ruleMessage(compiled, variables, this.#budget)
    if ("refusal" in message) {
      into.push(invalidField(field || NO_FIELD, schema.type ?? "", message.refusal))
      return false
    }
    this.#budget -= message.cost
    const isWhole = schema.type === "object" || schema.type === "array"
    into.push(failure(compiled.rule.reason, field || NO_FIELD, isWhole ? undefined : after, message.text))
    return true
  }
}

function inside(visit: Visit, correlation: Correlation | undefined): Visit {
  // Below what cannot be told from before, the nearest value around decides.
  return { ...visit, correlation, parent: visit.correlation ?? visit.parent }
}

function variablesOf(self: Value, oldSelf: Value | undefined): { readonly [name: string]: Value } {
  return oldSelf === undefined ? { self } : { self, oldSelf }
}

function failureText(error: string, costExceeded: boolean, rule: ValidationRule): string {
  const name = ruleName(rule)
  if (error.startsWith("no such overload")) {
    return `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`
  }
  if (costExceeded) {
    return `'${error}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`
  }
  return `${error} evaluating rule: ${name}`
}

/** @param value  undefined for a value that is too large to be shown */
function failure(reason: string | undefined, field: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case "FieldValueForbidden":
      return forbiddenField(field, detail)
    case "FieldValueRequired":
      return requiredField(field, detail)
    case "FieldValueDuplicate":
      return value === undefined ? { field, reason, body: "Duplicate value" } : duplicateField(field, value)
    default:
      return value === undefined
        ? { field, reason: "FieldValueInvalid", body: `Invalid value: ${detail}` }
        : invalidField(field, value, detail)
  }
}
