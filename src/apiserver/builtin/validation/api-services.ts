// Source: k8s.io/kube-aggregator pkg/apis/apiregistration/validation.
import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isDns1035Label, isDns1123Subdomain, isPathSegmentName } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, numberIn, objectIn, textIn, type Json } from "#apiserver/builtin/fields.ts"

const GROUP_PRIORITY_MAX = 20_000
const VERSION_PRIORITY_MAX = 1_000

export function validateApiService(apiService: UnknownObject): FieldError[] {
  const spec = objectIn(apiService, "spec")
  const [group, version] = [textIn(spec, "group"), textIn(spec, "version")]
  const errors = validateName(apiService.metadata.name ?? "", `${version}.${group}`)
  if (group === "" && version !== "v1") {
    errors.push(requiredField("spec.group", "only v1 may have an empty group and it better be legacy kube"))
  }
  for (const problem of group === "" ? [] : isDns1123Subdomain(group))
    errors.push(invalidField("spec.group", group, problem))
  for (const problem of isDns1035Label(version)) errors.push(invalidField("spec.version", version, problem))
  const service = findObject(spec, "service")
  return [
    ...errors,
    ...priority(spec, "groupPriorityMinimum", GROUP_PRIORITY_MAX),
    ...priority(spec, "versionPriority", VERSION_PRIORITY_MAX),
    ...(service === undefined ? validateLocal(spec) : validateRemote(spec, service)),
  ]
}

function validateName(name: string, wanted: string): FieldError[] {
  const problems = isPathSegmentName(name)
  const all = problems.length > 0 || name === wanted ? problems : [nameRule(wanted)]
  return all.map((problem) => invalidField("metadata.name", name, problem))
}

const nameRule = (wanted: string) => `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`

function priority(spec: Json, field: string, max: number): FieldError[] {
  const value = numberIn(spec, field)
  if (value > 0 && value <= max) return []
  return [invalidField(`spec.${field}`, value, `must be positive and less than ${max}`)]
}

function validateLocal(spec: Json): FieldError[] {
  const bundle = textIn(spec, "caBundle")
  const errors: FieldError[] = []
  if (bundle !== "") {
    const bytes = Buffer.from(bundle, "base64").length
    errors.push(invalidField("spec.caBundle", `${bytes} bytes`, "local APIServices may not have a caBundle"))
  }
  if (spec["insecureSkipTLSVerify"] === true) {
    const why = "local APIServices may not have insecureSkipTLSVerify"
    errors.push(invalidField("spec.insecureSkipTLSVerify", true, why))
  }
  return errors
}

function validateRemote(spec: Json, service: Json): FieldError[] {
  const errors = ["namespace", "name"].flatMap((field) =>
    textIn(service, field) === "" ? [requiredField(`spec.service.${field}`)] : [],
  )
  const port = numberIn(service, "port")
  if (port < 1 || port > 65_535) {
    const why = "port is not valid: must be between 1 and 65535, inclusive"
    errors.push(invalidField("spec.service.port", port, why))
  }
  if (spec["insecureSkipTLSVerify"] === true && textIn(spec, "caBundle") !== "")
    errors.push(invalidField("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present"))
  return errors
}
