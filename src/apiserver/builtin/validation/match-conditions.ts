// Conditions of webhooks and policies. Source: k8s.io/kubernetes pkg/apis/admissionregistration/validation.
import { duplicateField, invalidField, requiredField, tooManyField } from "#apimachinery/field-errors.ts"
import { isQualifiedName } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { compileCondition, TRUTH } from "#apiserver/admission/expressions/condition.ts"
import { admissionEnvironment } from "#apiserver/admission/expressions/environment.ts"
import { itemsIn, textIn, type Json } from "#apiserver/builtin/fields.ts"

const MATCH_CONDITIONS_MAX = 64

/** @param params  whether they may refer to parameters */
export function validateMatchConditions(owner: Json, field: string, params: boolean): FieldError[] {
  const conditions = itemsIn(owner, "matchConditions")
  const names = new Set<string>()
  const errors =
    conditions.length > MATCH_CONDITIONS_MAX ? [tooManyField(field, conditions.length, MATCH_CONDITIONS_MAX)] : []
  for (const [i, condition] of conditions.entries()) {
    const name = textIn(condition, "name")
    errors.push(...validateExpression(textIn(condition, "expression").trim(), `${field}[${i}].expression`, params))
    if (name === "") errors.push(requiredField(`${field}[${i}].name`))
    for (const problem of name === "" ? [] : isQualifiedName(name))
      errors.push(invalidField(`${field}[${i}].name`, name, problem))
    if (name !== "" && names.has(name)) errors.push(duplicateField(`${field}[${i}].name`, name))
    names.add(name)
  }
  return errors
}

function validateExpression(text: string, field: string, params: boolean): FieldError[] {
  if (text === "") return [requiredField(field)]
  const { error } = compileCondition(text, admissionEnvironment({ params, authorizer: true }), TRUTH)
  return error === undefined ? [] : [invalidField(field, text, error)]
}
