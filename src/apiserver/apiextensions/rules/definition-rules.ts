// What rules in a definition must be. Source: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go.
import { forbiddenField, invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import type { JsonSchema, ValidationRule } from "#apimachinery/openapi.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { structField } from "#apiserver/builtin/validation/checks.ts"
import { COST_MAX, product } from "#cel/cost/range.ts"
import { compileRules, type CompiledRule } from "./compile-rules.ts"
import { normalRulePath } from "./rule-path.ts"

/** What one rule may cost at most, and all rules of a schema together. */
const RULE_COST_MAX = 10_000_000
const SCHEMA_COST_MAX = 100_000_000

/** So many of the most expensive rules are told when all together cost too much. */
const EXPENSIVE_MAX = 4

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

/** Where in the schema rules are. */
type Place = {
  readonly path: string
  readonly isResource: boolean
  /** How many values there can be here in one object; undefined when nothing bounds it. */
  readonly cardinality: number | undefined
  /** The schema in which old values cannot be told apart, if there is one around. */
  readonly uncorrelatable: string | undefined
}

type Expensive = { readonly path: string; readonly cost: number }

/**
 * Checks all rules of a schema.
 *
 * @param isStructural  only then are rules compiled; what else must hold of them is checked anyway
 * @param costChecked  whether single rules may cost too much: not when the schema has been accepted before
 */
export function validateRules(
  schema: JsonSchema,
  path: string,
  isStructural: boolean,
  costChecked = true,
): FieldError[] {
  const walk = new Walk(isStructural, costChecked)
  walk.visit(schema, { path, isResource: true, cardinality: 1, uncorrelatable: undefined })
  return [...walk.schemaErrors, ...walk.ruleErrors, ...walk.totalErrors(path)]
}

class Walk {
  readonly schemaErrors: FieldError[] = []
  readonly ruleErrors: FieldError[] = []
  readonly #isStructural: boolean
  readonly #costChecked: boolean
  #total = 0
  #expensive: Expensive[] = []

  constructor(isStructural: boolean, costChecked: boolean) {
    this.#isStructural = isStructural
    this.#costChecked = costChecked
  }

  /** @returns whether there is a problem at this place or below it: then rules are not compiled */
  visit(schema: JsonSchema, place: Place): void {
    const before = this.schemaErrors.length
    const { additionalProperties, items } = schema
    const { path, cardinality } = place
    const most = elementsMax(schema)
    const inner = {
      cardinality: cardinality === undefined || most === undefined ? undefined : product(cardinality, most),
      uncorrelatable: place.uncorrelatable,
    }
    const visit = (child: JsonSchema, step: string, uncorrelatable = inner.uncorrelatable) => {
      const isResource = child["x-kubernetes-embedded-resource"] === true
      this.visit(child, { ...inner, path: `${path}${step}`, isResource, uncorrelatable })
    }
    if (typeof additionalProperties === "object") visit(additionalProperties, ".additionalProperties")
    for (const [name, property] of Object.entries(schema.properties ?? {})) visit(property, `.properties[${name}]`)
    if (items !== undefined) {
      const isKeyed = schema["x-kubernetes-list-type"] === "map"
      visit(items, ".items", isKeyed ? inner.uncorrelatable : (inner.uncorrelatable ?? path))
    }
    const rules = schema["x-kubernetes-validations"] ?? []
    for (const [i, rule] of rules.entries()) {
      this.schemaErrors.push(...checkRule(rule, schema, `${path}.x-kubernetes-validations[${i}]`))
    }
    if (rules.length > 0 && this.#isStructural && this.schemaErrors.length === before) this.#compile(schema, place)
  }

  #compile(schema: JsonSchema, place: Place): void {
    const { rules, cardinalityMax } = compileRules(schema, place.isResource)
    for (const [i, compiled] of rules.entries()) {
      const path = `${place.path}.x-kubernetes-validations[${i}]`
      const cost = product(compiled.costMax, place.cardinality ?? cardinalityMax)
      this.#observe("estimated rule cost", `${path}.rule`, cost)
      if (compiled.error !== undefined) {
        this.ruleErrors.push(structField("Invalid", `${path}.rule`, goRule(compiled.rule), compiled.error))
      }
      if (compiled.messageError !== undefined) {
        const field = `${path}.messageExpression`
        this.ruleErrors.push(structField("Invalid", field, goRule(compiled.rule), compiled.messageError))
      } else if (compiled.message !== undefined) {
        this.#observe("estimated messageExpression cost", `${path}.messageExpression`, compiled.messageCostMax)
      }
      this.ruleErrors.push(...checkOldSelf(compiled, path, place.uncorrelatable))
    }
  }

  #observe(what: string, path: string, cost: number): void {
    if (this.#costChecked && cost > RULE_COST_MAX) {
      this.ruleErrors.push(forbiddenField(path, costText(what, cost, RULE_COST_MAX)))
    }
    this.#total = Math.min(COST_MAX, this.#total + cost)
    if (cost < SCHEMA_COST_MAX / 100) return
    this.#expensive.push({ path, cost })
    this.#expensive = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, EXPENSIVE_MAX)
  }

  totalErrors(path: string): FieldError[] {
    if (this.#total <= SCHEMA_COST_MAX) return []
    const why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
    const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
    return [
      ...this.#expensive.map((rule) => forbiddenField(rule.path, why)),
      forbiddenField(path, costText(what, this.#total, SCHEMA_COST_MAX)),
    ]
  }
}

/** How many values of a schema's elements or fields there can be for each of its own. */
function elementsMax(schema: JsonSchema): number | undefined {
  const { type, additionalProperties, maxProperties, maxItems } = schema
  const bound = (max: number | undefined) => (max === undefined ? undefined : Math.max(0, max))
  if (type === "object" && additionalProperties !== undefined) return bound(maxProperties)
  return type === "array" ? bound(maxItems) : 1
}

function checkRule(rule: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  const { message = "", messageExpression = "", fieldPath = "", reason } = rule
  const errors: FieldError[] = []
  const hasLineBreak = (text: string) => /[\n\r]/.test(text)
  const trimmed = message.trim()
  if ((rule.rule ?? "").trim() === "") errors.push(requiredField(`${path}.rule`, "rule is not specified"))
  else if (message !== "" && trimmed === "") {
    errors.push(invalidField(`${path}.message`, message, "must be non-empty if specified"))
  } else if (hasLineBreak(trimmed))
    errors.push(invalidField(`${path}.message`, message, "must not contain line breaks"))
  else if (hasLineBreak(rule.rule.trim()) && trimmed === "") {
    errors.push(requiredField(`${path}.message`, "message must be specified if rule contains line breaks"))
  }
  if (messageExpression !== "" && messageExpression.trim() === "") {
    errors.push(requiredField(`${path}.messageExpression`, "messageExpression must be non-empty if specified"))
  }
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(unsupportedField(`${path}.reason`, reason, REASONS))
  const wrongPath = (why: string) => errors.push(invalidField(`${path}.fieldPath`, fieldPath, why))
  if (fieldPath !== "" && fieldPath.trim() === "") wrongPath("must be non-empty if specified")
  if (hasLineBreak(fieldPath)) wrongPath("must not contain line breaks")
  if (fieldPath !== "" && normalRulePath(fieldPath, schema) === undefined) wrongPath("must be a valid path")
  return errors
}

function checkOldSelf(
  { rule, usesOldSelf }: CompiledRule,
  path: string,
  uncorrelatable: string | undefined,
): FieldError[] {
  if (usesOldSelf) {
    if (uncorrelatable === undefined) return []
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`
    return [invalidField(`${path}.rule`, rule.rule, why)]
  }
  if (rule.optionalOldSelf === undefined) return []
  return [
    invalidField(`${path}.optionalOldSelf`, rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"),
  ]
}

/** A rule as upstream prints its own struct. */
function goRule(rule: ValidationRule): object {
  return {
    Rule: rule.rule,
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  }
}

function costText(what: string, cost: number, max: number): string {
  const factor = cost / max
  const text = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  const hint =
    "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared"
  return `${what} exceeds budget by factor of ${text} (${hint})`
}
