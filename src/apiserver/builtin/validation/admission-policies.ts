// Source: k8s.io/kubernetes pkg/apis/admissionregistration/validation.
import { parseApiVersion } from "#apimachinery/gvk.ts"
import {
  duplicateField,
  forbiddenField,
  invalidField,
  requiredField,
  unsupportedField,
} from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isDns1035Label, isDns1123Subdomain, isPathSegmentName, isQualifiedName } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, isAbsent, itemsIn, listIn, objectIn, textIn, type Json } from "#apiserver/builtin/fields.ts"
import { labelSelector, oneOf } from "./checks.ts"
import { validateMatchConditions } from "./match-conditions.ts"
import { newExpressionChecks, type ExpressionChecks } from "./policy-expressions.ts"
import { validateWebhookRule } from "./webhook-rules.ts"

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"]
const ACTIONS = ["Audit", "Deny", "Warn"]
const ANNOTATIONS_MAX = 20
const NEED_ONE = "validations or auditAnnotations must contain at least one item"

export function validatePolicy(policy: UnknownObject): FieldError[] {
  return validateSpec(policy, true)
}

export function validatePolicyUpdate(policy: UnknownObject, before: UnknownObject): FieldError[] {
  const [spec, old] = [objectIn(policy, "spec"), objectIn(before, "spec")]
  // What was accepted by an older server stays as it is.
  const isChanged = ["paramKind", "matchConditions"].some((field) => !deepEqual(spec[field], old[field]))
  return validateSpec(policy, isChanged)
}

function validateSpec(policy: UnknownObject, conditionsChecked: boolean): FieldError[] {
  const spec = objectIn(policy, "spec")
  const paramKind = findObject(spec, "paramKind")
  const constraints = findObject(spec, "matchConstraints")
  const checks = newExpressionChecks(spec)
  const errors = oneOf("spec.failurePolicy", spec["failurePolicy"], ["Fail", "Ignore"])
  if (paramKind !== undefined) errors.push(...validateParamKind(paramKind, "spec.paramKind"))
  if (constraints === undefined) errors.push(requiredField("spec.matchConstraints"))
  else {
    errors.push(...validateMatchResources(constraints, "spec.matchConstraints"))
    if (itemsIn(constraints, "resourceRules").length === 0)
      errors.push(requiredField("spec.matchConstraints.resourceRules"))
  }
  if (conditionsChecked) errors.push(...validateMatchConditions(spec, "spec.matchConditions", paramKind !== undefined))
  for (const [i, variable] of itemsIn(spec, "variables").entries())
    errors.push(...validateVariable(checks, variable, `spec.variables[${i}]`))
  const [validations, annotations] = [itemsIn(spec, "validations"), itemsIn(spec, "auditAnnotations")]
  if (validations.length === 0 && annotations.length === 0)
    return [...errors, requiredField("spec.validations", NEED_ONE), requiredField("spec.auditAnnotations", NEED_ONE)]
  return [
    ...errors,
    ...validations.flatMap((validation, i) => validateValidation(checks, validation, `spec.validations[${i}]`)),
    ...validateAnnotations(checks, policy.metadata.name ?? "", annotations, "spec.auditAnnotations"),
  ]
}

function validateParamKind(paramKind: Json, path: string): FieldError[] {
  return [
    ...validateParamVersion(textIn(paramKind, "apiVersion"), `${path}.apiVersion`),
    ...validateParamKindName(textIn(paramKind, "kind"), `${path}.kind`),
  ]
}

function validateParamVersion(text: string, field: string): FieldError[] {
  if (text === "") return [requiredField(field)]
  if (text.split("/").length > 2) return [invalidField(field, text, `unexpected GroupVersion string: ${text}`)]
  const { group, version } = parseApiVersion(text)
  const errors: FieldError[] = []
  const problems = group === "" ? [] : isDns1123Subdomain(group)
  if (problems.length > 0) errors.push(invalidField(field, group, problems.join(",")))
  if (version === "") return [...errors, invalidField(field, text, "version must be specified")]
  const wrong = isDns1035Label(version)
  return wrong.length === 0 ? errors : [...errors, invalidField(field, version, wrong.join(","))]
}

function validateParamKindName(kind: string, field: string): FieldError[] {
  if (kind === "") return [requiredField(field)]
  const problems = isDns1035Label(kind.toLowerCase())
  if (problems.length === 0) return []
  return [invalidField(field, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`)]
}

function validateMatchResources(match: Json, path: string): FieldError[] {
  return [
    ...oneOf(`${path}.matchPolicy`, match["matchPolicy"], ["Equivalent", "Exact"]),
    ...labelSelector(`${path}.namespaceSelector`, match["namespaceSelector"]),
    ...labelSelector(`${path}.objectSelector`, match["objectSelector"]),
    ...["resourceRules", "excludeResourceRules"].flatMap((list) =>
      itemsIn(match, list).flatMap((rule, i) => validateNamedRule(rule, `${path}.${list}[${i}]`)),
    ),
  ]
}

function validateNamedRule(rule: Json, path: string): FieldError[] {
  const names = listIn(rule, "resourceNames").map(String)
  const errors = names.flatMap((name, i) => [
    ...isPathSegmentName(name).map((problem) => invalidField(`${path}.resourceNames[${i}]`, name, problem)),
    ...(names.indexOf(name) < i ? [duplicateField(`${path}.resourceNames[${i}]`, name)] : []),
  ])
  return [...errors, ...validateWebhookRule(rule, path)]
}

function validateVariable(checks: ExpressionChecks, variable: Json, path: string): FieldError[] {
  const [name, expression] = [textIn(variable, "name"), textIn(variable, "expression")]
  const errors: FieldError[] = []
  if (name.trim() === "") errors.push(requiredField(`${path}.name`, "name is not specified"))
  else if (!isCelIdentifier(name)) errors.push(invalidField(`${path}.name`, name, "must be a valid CEL identifier"))
  const field = `${path}.expression`
  if (expression.trim() === "") return [...errors, requiredField(field, "expression is not specified")]
  return [...errors, ...checks.variable(name, expression, field)]
}

const CEL_RESERVED = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace return " +
    "var void while"
  ).split(" "),
)
const isCelIdentifier = (name: string) => /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !CEL_RESERVED.has(name)

function validateValidation(checks: ExpressionChecks, validation: Json, path: string): FieldError[] {
  const [expression, message] = [textIn(validation, "expression"), textIn(validation, "message")]
  const messageExpression = textIn(validation, "messageExpression")
  const errors: FieldError[] = []
  if (expression.trim() === "") errors.push(requiredField(`${path}.expression`, "expression is not specified"))
  else errors.push(...checks.validation(expression, `${path}.expression`))
  const mustSay = (name: string, value: string) =>
    errors.push(invalidField(`${path}.${name}`, value, "must be non-empty if specified"))
  if (messageExpression.trim() !== "") errors.push(...checks.message(messageExpression, `${path}.messageExpression`))
  else if (messageExpression !== "") mustSay("messageExpression", messageExpression)
  if (message !== "" && message.trim() === "") mustSay("message", message)
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalidField(`${path}.message`, message, "must not contain line breaks"))
  return [...errors, ...oneOf(`${path}.reason`, validation["reason"] ?? undefined, REASONS)]
}

function validateAnnotations(
  checks: ExpressionChecks,
  policy: string,
  annotations: readonly Json[],
  path: string,
): FieldError[] {
  const keys = new Set<string>()
  const errors: FieldError[] = []
  if (annotations.length > ANNOTATIONS_MAX)
    errors.push(invalidField(path, annotations, `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`))
  for (const [i, annotation] of annotations.entries()) {
    const key = textIn(annotation, "key")
    const field = `${path}[${i}].key`
    if (policy === "") errors.push(invalidField(field, key, "requires metadata.name be non-empty"))
    else errors.push(...isQualifiedName(`${policy}/${key}`).map((p) => invalidField(field, `${policy}/${key}`, p)))
    errors.push(...checks.annotation(textIn(annotation, "valueExpression"), `${path}[${i}].valueExpression`))
    if (keys.has(key)) errors.push(duplicateField(field, key))
    keys.add(key)
  }
  return errors
}

export function validatePolicyBinding(binding: UnknownObject): FieldError[] {
  const spec = objectIn(binding, "spec")
  const policyName = textIn(spec, "policyName")
  const [paramRef, match] = [findObject(spec, "paramRef"), findObject(spec, "matchResources")]
  return [
    ...(policyName === ""
      ? [requiredField("spec.policyName")]
      : isDns1123Subdomain(policyName).map((problem) => invalidField("spec.policyName", policyName, problem))),
    ...(paramRef === undefined ? [] : validateParamRef(paramRef, "spec.paramRef")),
    ...(match === undefined ? [] : validateMatchResources(match, "spec.matchResources")),
    ...validateActions(listIn(spec, "validationActions").map(String), "spec.validationActions"),
  ]
}

function validateParamRef(ref: Json, path: string): FieldError[] {
  const name = textIn(ref, "name")
  const selector = findObject(ref, "selector")
  const exclusive = (field: string) => forbiddenField(`${path}.${field}`, "name and selector are mutually exclusive")
  const errors = isPathSegmentName(name).map((problem) => invalidField(`${path}.name`, name, problem))
  if (name !== "" && selector !== undefined) errors.push(exclusive("name"))
  if (selector !== undefined) errors.push(...labelSelector(`${path}.selector`, selector))
  if (name !== "" && selector !== undefined) errors.push(exclusive("selector"))
  if (name === "" && selector === undefined)
    errors.push(requiredField(path, "one of name or selector must be specified"))
  const action = ref["parameterNotFoundAction"]
  const field = `${path}.parameterNotFoundAction`
  if (isAbsent(action) || action === "") errors.push(requiredField(field))
  else if (action !== "Deny" && action !== "Allow") errors.push(unsupportedField(field, action, ["Deny", "Allow"]))
  return errors
}

function validateActions(actions: readonly string[], field: string): FieldError[] {
  const errors = actions.flatMap((action, i) => [
    ...oneOf(`${field}[${i}]`, action, ACTIONS),
    ...(actions.indexOf(action) < i ? [duplicateField(`${field}[${i}]`, action)] : []),
  ])
  if (actions.includes("Deny") && actions.includes("Warn")) {
    const why =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
    errors.push(invalidField(field, actions, why))
  }
  if (actions.length === 0) errors.push(requiredField(field, "at least one validation action is required"))
  return errors
}
