// The expressions of a policy, each checked where it stands. Source: k8s.io/kubernetes pkg/apis/admissionregistration/validation.
import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import {
  ANYTHING,
  compileCondition,
  TEXT,
  TEXT_OR_NOTHING,
  TRUTH,
  variableType,
} from "#apiserver/admission/expressions/condition.ts"
import { admissionEnvironment } from "#apiserver/admission/expressions/environment.ts"
import { findObject, itemsIn, type Json } from "#apiserver/builtin/fields.ts"
import { DYN, type Type } from "#cel/types/type.ts"

const VALUE_EXPRESSION_BYTES_MAX = 5 * 1024

/** Checks in the order of the policy: a variable is known to what comes after it. */
export type ExpressionChecks = {
  variable(name: string, text: string, field: string): FieldError[]
  validation(text: string, field: string): FieldError[]
  message(text: string, field: string): FieldError[]
  annotation(text: string, field: string): FieldError[]
}

export function newExpressionChecks(spec: Json): ExpressionChecks {
  const params = findObject(spec, "paramKind") !== undefined
  const types = new Map<string, Type>()
  // Without variables there is not even the word.
  const variables = itemsIn(spec, "variables").length === 0 ? {} : { variables: types }
  const compiled = (text: string, wanted: readonly Type[], authorizer = true) =>
    compileCondition(text, admissionEnvironment({ params, authorizer, ...variables }), wanted)
  const problem = (field: string, value: string, error: string | undefined) =>
    error === undefined ? [] : [invalidField(field, value, error)]
  return {
    variable(name, text, field) {
      const condition = compiled(text, ANYTHING)
      types.set(name, variableType(condition) ?? DYN)
      return problem(field, text, condition.error)
    },
    validation: (text, field) => problem(field, text, compiled(text, TRUTH).error),
    message: (text, field) => problem(field, text, compiled(text, TEXT, false).error),
    annotation(text, field) {
      const trimmed = text.trim()
      if (trimmed === "") return [requiredField(field, "valueExpression is not specified")]
      if (Buffer.byteLength(trimmed) > VALUE_EXPRESSION_BYTES_MAX)
        return [requiredField(field, `must not exceed ${VALUE_EXPRESSION_BYTES_MAX} bytes in length`)]
      return problem(field, text, compiled(trimmed, TEXT_OR_NOTHING).error)
    },
  }
}
