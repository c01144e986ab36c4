// Which requests a webhook is asked about. Source: k8s.io/kubernetes pkg/apis/admissionregistration/validation.
import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { listIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { oneOf } from "./checks.ts"

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]
const SCOPES = ["*", "Cluster", "Namespaced"]

/** A RuleWithOperations. */
export function validateWebhookRule(rule: Json, path: string): FieldError[] {
  const operations = listIn(rule, "operations")
  return [
    ...aloneOrNone(`${path}.operations`, operations, "operations"),
    ...operations.flatMap((operation, i) => oneOf(`${path}.operations[${i}]`, operation, OPERATIONS)),
    // The core group is an empty text.
    ...aloneOrNone(`${path}.apiGroups`, listIn(rule, "apiGroups"), "API groups"),
    ...aloneOrNone(`${path}.apiVersions`, listIn(rule, "apiVersions"), "API versions"),
    ...emptyItems(`${path}.apiVersions`, listIn(rule, "apiVersions")),
    ...validateResources(listIn(rule, "resources").map(String), `${path}.resources`),
    ...oneOf(`${path}.scope`, rule["scope"], SCOPES),
  ]
}

/** There is something, and what stands for all stands alone. */
function aloneOrNone(field: string, items: readonly unknown[], what: string): FieldError[] {
  if (items.length === 0) return [requiredField(field)]
  if (items.length === 1 || !items.includes("*")) return []
  return [invalidField(field, items, `if '*' is present, must not specify other ${what}`)]
}

const emptyItems = (field: string, items: readonly unknown[]) =>
  items.flatMap((item, i) => (item === "" ? [requiredField(`${field}[${i}]`)] : []))

function validateResources(resources: readonly string[], field: string): FieldError[] {
  if (resources.length === 0) return [requiredField(field)]
  const errors: FieldError[] = []
  /** `pods/*` and `*` + `/log`, as far as they have been seen. */
  const [wholes, everywhere] = [new Set<string>(), new Set<string>()]
  let isPlain = false
  for (const [i, text] of resources.entries()) {
    if (text === "") {
      errors.push(requiredField(`${field}[${i}]`))
      continue
    }
    const slash = text.indexOf("/")
    if (slash < 0) {
      isPlain = text !== "*"
      continue
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)]
    const covered = (by: string) =>
      errors.push(invalidField(`${field}[${i}]`, text, `if '${by}' is present, must not specify ${text}`))
    if (wholes.has(resource)) covered(`${resource}/*`)
    if (everywhere.has(subresource)) covered(`*/${subresource}`)
    if (subresource === "*") wholes.add(resource)
    if (resource === "*") everywhere.add(subresource)
  }
  if (resources.length > 1 && resources.includes("*/*"))
    errors.push(invalidField(field, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes("*") && isPlain) {
    const why = "if '*' is present, must not specify other resources without subresources"
    errors.push(invalidField(field, resources, why))
  }
  return errors
}
