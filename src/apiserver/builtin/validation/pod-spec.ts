// Source: k8s.io/kubernetes pkg/apis/core/validation: ValidatePodSpec.
import { invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import { isDns1123Subdomain } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { itemsIn, listIn, numberIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { dnsLabel, dnsSubdomain, ipAddress, labels, oneOf } from "./checks.ts"
import { validateContainer } from "./containers.ts"
import { validateVolumes } from "./volumes.ts"

const INT32_MAX = 0x7fff_ffff
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"]

export function validatePodSpec(spec: Json, path: string): FieldError[] {
  const volumes = itemsIn(spec, "volumes")
  const scope = {
    volumes: new Set(volumes.map((v) => textIn(v, "name"))),
    hostNetwork: spec["hostNetwork"] === true,
    names: new Set<string>(),
  }
  const containers = itemsIn(spec, "containers")
  const errors = validateVolumes(volumes, `${path}.volumes`)
  if (containers.length === 0) errors.push(requiredField(`${path}.containers`))
  for (const [i, container] of containers.entries()) {
    errors.push(...validateContainer(container, `${path}.containers[${i}]`, { ...scope, isInit: false }))
  }
  for (const [i, container] of itemsIn(spec, "initContainers").entries()) {
    errors.push(...validateContainer(container, `${path}.initContainers[${i}]`, { ...scope, isInit: true }))
  }
  return [...errors, ...validateSettings(spec, path)]
}

function validateSettings(spec: Json, path: string): FieldError[] {
  const errors = [
    ...oneOf(`${path}.restartPolicy`, spec["restartPolicy"], ["Always", "OnFailure", "Never"]),
    ...oneOf(`${path}.dnsPolicy`, spec["dnsPolicy"], DNS_POLICIES),
    ...labels(`${path}.nodeSelector`, spec["nodeSelector"]),
    ...dnsSubdomain(`${path}.serviceAccountName`, spec["serviceAccountName"]),
    ...dnsSubdomain(`${path}.nodeName`, spec["nodeName"]),
  ]
  const deadline = spec["activeDeadlineSeconds"]
  if (typeof deadline === "number" && (deadline < 1 || deadline > INT32_MAX)) {
    errors.push(
      invalidField(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${INT32_MAX}, inclusive`),
    )
  }
  for (const name of ["hostname", "subdomain"]) {
    if (textIn(spec, name) !== "") errors.push(...dnsLabel(`${path}.${name}`, textIn(spec, name)))
  }
  for (const [i, toleration] of itemsIn(spec, "tolerations").entries()) {
    errors.push(...validateToleration(toleration, `${path}.tolerations[${i}]`))
  }
  for (const [i, constraint] of itemsIn(spec, "topologySpreadConstraints").entries()) {
    errors.push(...validateSpread(constraint, `${path}.topologySpreadConstraints[${i}]`))
  }
  for (const [i, alias] of itemsIn(spec, "hostAliases").entries()) {
    const at = `${path}.hostAliases[${i}]`
    errors.push(...ipAddress(`${at}.ip`, textIn(alias, "ip")))
    for (const [j, name] of listIn(alias, "hostnames").entries()) {
      for (const problem of isDns1123Subdomain(String(name)))
        errors.push(invalidField(`${at}.hostnames[${j}]`, name, problem))
    }
  }
  errors.push(...dnsSubdomain(`${path}.priorityClassName`, spec["priorityClassName"]))
  return errors
}

function validateToleration(toleration: Json, path: string): FieldError[] {
  const key = textIn(toleration, "key")
  const operator = textIn(toleration, "operator")
  const errors: FieldError[] = []
  if (key !== "") errors.push(...labels(`${path}.key`, { [key]: "" }))
  if (key === "" && operator !== "Exists") {
    const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(invalidField(`${path}.operator`, operator, why))
  }
  const effect = textIn(toleration, "effect")
  if (toleration["tolerationSeconds"] !== undefined && effect !== "NoExecute") {
    errors.push(invalidField(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
  }
  if (operator === "Exists") {
    if (textIn(toleration, "value") !== "") {
      const why = "value must be empty when `operator` is 'Exists'"
      errors.push(invalidField(`${path}.operator`, textIn(toleration, "value"), why))
    }
  } else if (operator !== "" && operator !== "Equal") {
    errors.push(unsupportedField(`${path}.operator`, operator, ["Equal", "Exists"]))
  }
  return [...errors, ...(effect === "" ? [] : oneOf(`${path}.effect`, effect, EFFECTS))]
}

function validateSpread(constraint: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const skew = numberIn(constraint, "maxSkew")
  if (skew <= 0) errors.push(invalidField(`${path}.maxSkew`, skew, "must be greater than zero"))
  if (textIn(constraint, "topologyKey") === "") errors.push(requiredField(`${path}.topologyKey`, "can not be empty"))
  const action = textIn(constraint, "whenUnsatisfiable")
  return [...errors, ...oneOf(`${path}.whenUnsatisfiable`, action, ["DoNotSchedule", "ScheduleAnyway"])]
}
