// Source: k8s.io/kubernetes pkg/apis/admissionregistration/validation.
import { duplicateField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import { isDns1035Label, isDns1123Subdomain } from "#apimachinery/names.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { isAbsent, itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { labelSelector, oneOf } from "./checks.ts"
import { validateMatchConditions } from "./match-conditions.ts"
import { validateWebhookClient } from "./webhook-client.ts"
import { validateWebhookRule } from "./webhook-rules.ts"

const REVIEW_VERSIONS = ["v1", "v1beta1"]
const TIMEOUT_SECONDS_MAX = 30

/** The webhooks of a MutatingWebhookConfiguration or a ValidatingWebhookConfiguration. */
export function validateWebhooks(configuration: UnknownObject): FieldError[] {
  return validateAll(configuration, true)
}

export function validateWebhooksUpdate(configuration: UnknownObject, before: UnknownObject): FieldError[] {
  const conditionsOf = (of: UnknownObject) => itemsIn(of, "webhooks").map((webhook) => webhook["matchConditions"])
  // What was accepted by an older server stays as it is.
  return validateAll(configuration, !deepEqual(conditionsOf(configuration), conditionsOf(before)))
}

function validateAll(configuration: UnknownObject, conditionsChecked: boolean): FieldError[] {
  const names = new Set<string>()
  return itemsIn(configuration, "webhooks").flatMap((webhook, i) => {
    const name = textIn(webhook, "name")
    const errors = validateWebhook(webhook, `webhooks[${i}]`, conditionsChecked)
    if (name !== "" && names.has(name)) errors.push(duplicateField(`webhooks[${i}].name`, name))
    names.add(name)
    return errors
  })
}

function validateWebhook(webhook: Json, path: string, conditionsChecked: boolean): FieldError[] {
  const errors = validateName(textIn(webhook, "name"), `${path}.name`)
  for (const [i, rule] of itemsIn(webhook, "rules").entries())
    errors.push(...validateWebhookRule(rule, `${path}.rules[${i}]`))
  errors.push(...oneOf(`${path}.failurePolicy`, webhook["failurePolicy"], ["Fail", "Ignore"]))
  errors.push(...oneOf(`${path}.matchPolicy`, webhook["matchPolicy"], ["Equivalent", "Exact"]))
  const sideEffects = webhook["sideEffects"]
  if (isAbsent(sideEffects)) {
    errors.push(requiredField(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun"))
  } else errors.push(...oneOf(`${path}.sideEffects`, sideEffects, ["None", "NoneOnDryRun"]))
  const timeout = numberIn(webhook, "timeoutSeconds")
  if (timeout < 1 || timeout > TIMEOUT_SECONDS_MAX) {
    const why = `the timeout value must be between 1 and ${TIMEOUT_SECONDS_MAX} seconds`
    errors.push(invalidField(`${path}.timeoutSeconds`, timeout, why))
  }
  for (const field of ["namespaceSelector", "objectSelector"])
    errors.push(...labelSelector(`${path}.${field}`, webhook[field]))
  errors.push(...oneOf(`${path}.reinvocationPolicy`, webhook["reinvocationPolicy"], ["IfNeeded", "Never"]))
  return [
    ...errors,
    ...validateWebhookClient(objectIn(webhook, "clientConfig"), `${path}.clientConfig`),
    ...(conditionsChecked ? validateMatchConditions(webhook, `${path}.matchConditions`, false) : []),
    ...validateReviewVersions(
      listIn(webhook, "admissionReviewVersions").map(String),
      `${path}.admissionReviewVersions`,
    ),
  ]
}

function validateName(name: string, field: string): FieldError[] {
  if (name === "") return [requiredField(field)]
  const problems = isDns1123Subdomain(name)
  if (problems.length > 0) return [invalidField(field, name, problems.join(","))]
  if (name.split(".").length >= 3) return []
  return [invalidField(field, name, "should be a domain with at least three segments separated by dots")]
}

function validateReviewVersions(versions: readonly string[], field: string): FieldError[] {
  if (versions.length === 0) return [requiredField(field, `must specify one of ${REVIEW_VERSIONS.join(", ")}`)]
  const errors: FieldError[] = []
  for (const [i, version] of versions.entries()) {
    if (versions.indexOf(version) < i) errors.push(invalidField(`${field}[${i}]`, version, "duplicate version"))
    else errors.push(...isDns1035Label(version).map((problem) => invalidField(`${field}[${i}]`, version, problem)))
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidField(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`))
  return errors
}
