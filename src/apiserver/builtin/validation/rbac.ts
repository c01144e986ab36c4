// Source: k8s.io/kubernetes pkg/apis/rbac/validation.
import { invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isPathSegmentName } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { findObject, itemsIn, listIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { dnsSubdomain, labelSelector, structField } from "./checks.ts"

const GROUP = "rbac.authorization.k8s.io"

function validateRule(rule: Json, path: string, isNamespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (listIn(rule, "verbs").length === 0) {
    errors.push(requiredField(`${path}.verbs`, "verbs must contain at least one value"))
  }
  const urls = listIn(rule, "nonResourceURLs")
  if (urls.length > 0) {
    if (isNamespaced) {
      errors.push(invalidField(`${path}.nonResourceURLs`, urls, "namespaced rules cannot apply to non-resource URLs"))
    }
    if (["apiGroups", "resources", "resourceNames"].some((field) => listIn(rule, field).length > 0)) {
      const why = "rules cannot apply to both regular resources and non-resource URLs"
      errors.push(invalidField(`${path}.nonResourceURLs`, urls, why))
    }
    return errors
  }
  if (listIn(rule, "apiGroups").length === 0) {
    errors.push(requiredField(`${path}.apiGroups`, "resource rules must supply at least one api group"))
  }
  if (listIn(rule, "resources").length === 0) {
    errors.push(requiredField(`${path}.resources`, "resource rules must supply at least one resource"))
  }
  return errors
}

export const validateRole = (role: UnknownObject): FieldError[] =>
  itemsIn(role, "rules").flatMap((rule, i) => validateRule(rule, `rules[${i}]`, true))

export function validateClusterRole(role: UnknownObject): FieldError[] {
  const errors = itemsIn(role, "rules").flatMap((rule, i) => validateRule(rule, `rules[${i}]`, false))
  const aggregation = findObject(role, "aggregationRule")
  if (aggregation === undefined) return errors
  const selectors = itemsIn(aggregation, "clusterRoleSelectors")
  const path = "aggregationRule.clusterRoleSelectors"
  if (selectors.length === 0) {
    errors.push(requiredField(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
  }
  return [...errors, ...selectors.flatMap((selector, i) => labelSelector(`${path}[${i}]`, selector))]
}

function validateBinding(binding: UnknownObject, kinds: readonly string[], isNamespaced: boolean): FieldError[] {
  const role = objectIn(binding, "roleRef")
  const errors: FieldError[] = []
  if (role["apiGroup"] !== GROUP) errors.push(unsupportedField("roleRef.apiGroup", role["apiGroup"] ?? "", [GROUP]))
  if (!kinds.includes(textIn(role, "kind"))) errors.push(unsupportedField("roleRef.kind", textIn(role, "kind"), kinds))
  const name = textIn(role, "name")
  if (name === "") errors.push(requiredField("roleRef.name"))
  else for (const problem of isPathSegmentName(name)) errors.push(invalidField("roleRef.name", name, problem))
  return [
    ...errors,
    ...itemsIn(binding, "subjects").flatMap((s, i) => validateSubject(s, `subjects[${i}]`, isNamespaced)),
  ]
}

function validateSubject(subject: Json, path: string, isNamespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  const [name, group] = [textIn(subject, "name"), textIn(subject, "apiGroup")]
  if (name === "") errors.push(requiredField(`${path}.name`))
  switch (subject["kind"]) {
    case "ServiceAccount":
      errors.push(...dnsSubdomain(`${path}.name`, name))
      if (group !== "") errors.push(unsupportedField(`${path}.apiGroup`, group, [""]))
      // In a RoleBinding upstream leaves it to the account's being nowhere to be found.
      if (!isNamespaced && textIn(subject, "namespace") === "") errors.push(requiredField(`${path}.namespace`))
      break
    case "User":
    case "Group":
      if (group !== GROUP) errors.push(unsupportedField(`${path}.apiGroup`, group, [GROUP]))
      break
    default:
      errors.push(unsupportedField(`${path}.kind`, subject["kind"] ?? "", ["ServiceAccount", "User", "Group"]))
  }
  return errors
}

export const validateRoleBinding = (binding: UnknownObject) => validateBinding(binding, ["Role", "ClusterRole"], true)
export const validateClusterRoleBinding = (binding: UnknownObject) => validateBinding(binding, ["ClusterRole"], false)

export function validateRoleRefUpdate(binding: UnknownObject, before: UnknownObject): FieldError[] {
  if (deepEqual(binding["roleRef"], before["roleRef"])) return []
  const role = objectIn(binding, "roleRef")
  const value = { APIGroup: textIn(role, "apiGroup"), Kind: textIn(role, "kind"), Name: textIn(role, "name") }
  return [structField("Invalid", "roleRef", value, "cannot change roleRef")]
}
