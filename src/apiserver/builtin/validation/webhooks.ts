// Source: k8s.io/kubernetes pkg/apis/admissionregistration/validation.
import { duplicateField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import { isDns1123Subdomain } from "#apimachinery/names.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { labelSelector, oneOf } from "./checks.ts"

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]
const REVIEW_VERSIONS = ["v1", "v1beta1"]
const TIMEOUT_SECONDS_MAX = 30

export function validateWebhooks(configuration: UnknownObject): FieldError[] {
  const names = new Set<string>()
  return itemsIn(configuration, "webhooks").flatMap((webhook, i) => {
    const name = textIn(webhook, "name")
    const errors = validateWebhook(webhook, `webhooks[${i}]`)
    if (name !== "" && names.has(name)) errors.push(duplicateField(`webhooks[${i}].name`, name))
    names.add(name)
    return errors
  })
}

function validateWebhook(webhook: Json, path: string): FieldError[] {
  const name = textIn(webhook, "name")
  const errors: FieldError[] = []
  if (name === "") errors.push(requiredField(`${path}.name`))
  else if (isDns1123Subdomain(name).length > 0)
    errors.push(...isDns1123Subdomain(name).map((p) => invalidField(`${path}.name`, name, p)))
  else if (name.split(".").length < 3) {
    errors.push(invalidField(`${path}.name`, name, "should be a domain with at least three segments separated by dots"))
  }
  for (const [i, rule] of itemsIn(webhook, "rules").entries()) errors.push(...validateRule(rule, `${path}.rules[${i}]`))
  errors.push(...oneOf(`${path}.failurePolicy`, webhook["failurePolicy"], ["Fail", "Ignore"]))
  errors.push(...oneOf(`${path}.matchPolicy`, webhook["matchPolicy"], ["Equivalent", "Exact"]))
  const sideEffects = webhook["sideEffects"]
  if (sideEffects === undefined) {
    errors.push(requiredField(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun"))
  } else errors.push(...oneOf(`${path}.sideEffects`, sideEffects, ["None", "NoneOnDryRun"]))
  const timeout = numberIn(webhook, "timeoutSeconds")
  if (timeout < 1 || timeout > TIMEOUT_SECONDS_MAX) {
    const why = `the timeout value must be between 1 and ${TIMEOUT_SECONDS_MAX} seconds`
    errors.push(invalidField(`${path}.timeoutSeconds`, timeout, why))
  }
  for (const field of ["namespaceSelector", "objectSelector"])
    errors.push(...labelSelector(`${path}.${field}`, webhook[field]))
  const versions = listIn(webhook, "admissionReviewVersions")
  const accepted = `must specify one of ${REVIEW_VERSIONS.join(", ")}`
  if (versions.length === 0) errors.push(requiredField(`${path}.admissionReviewVersions`, accepted))
  else if (!versions.some((v) => REVIEW_VERSIONS.includes(String(v)))) {
    const why = `must include at least one of ${REVIEW_VERSIONS.join(", ")}`
    errors.push(invalidField(`${path}.admissionReviewVersions`, versions, why))
  }
  return [...errors, ...validateClient(objectIn(webhook, "clientConfig"), `${path}.clientConfig`)]
}

function validateRule(rule: Json, path: string): FieldError[] {
  const errors = ["apiGroups", "apiVersions", "resources"].flatMap((field) =>
    listIn(rule, field).length === 0 ? [requiredField(`${path}.${field}`)] : [],
  )
  const operations = listIn(rule, "operations")
  if (operations.length === 0) errors.push(requiredField(`${path}.operations`))
  return [...errors, ...operations.flatMap((operation, i) => oneOf(`${path}.operations[${i}]`, operation, OPERATIONS))]
}

const FORM = "desired format: https://host[/path]"

function validateClient(client: Json, path: string): FieldError[] {
  const url = client["url"]
  const service = findObject(client, "service")
  if ((url === undefined) === (service === undefined))
    return [requiredField(path, "exactly one of url or service is required")]
  if (service !== undefined) {
    return ["name", "namespace"]
      .filter((field) => textIn(service, field) === "")
      .map((field) => requiredField(`${path}.service.${field}`, `service ${field} is required`))
  }
  const parsed = URL.canParse(String(url)) ? new URL(String(url)) : undefined
  if (parsed === undefined) return [requiredField(`${path}.url`, `url must be a valid URL: ${String(url)}; ${FORM}`)]
  if (parsed.protocol === "https:") return []
  return [invalidField(`${path}.url`, parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${FORM}`)]
}
