import { describeError } from "#lib/log.ts"
import { certificateChainOf } from "#lib/x509/certificate.ts"
import { parseCsr } from "#lib/x509/csr.ts"
import { decodePem } from "#lib/x509/pem.ts"
import { CERTIFICATE_USAGES } from "#api/kubernetes/certificate-usages.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isDns1123Label, isDns1123Subdomain } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { itemsIn, listIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"

const LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
const EXPIRATION_SECONDS_MIN = 600
const DOMAIN_BYTES_MAX = 253
/** A namespace and a service account's name below a domain. */
const SIGNER_NAME_BYTES_MAX = DOMAIN_BYTES_MAX + 1 + 253 + 63 + 1
/** Conditions that say something by being there: their status is True, and nobody takes them away. */
const DECISIONS = ["Approved", "Denied", "Failed"]

const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  reason: "FieldValueInvalid",
  body: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
})
const required = (field: string): FieldError => ({ field, reason: "FieldValueRequired", body: "Required value" })
const unsupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  field,
  reason: "FieldValueNotSupported",
  body: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((v) => JSON.stringify(v)).join(", ")}`,
})
const duplicate = (field: string, value: unknown): FieldError => ({
  field,
  reason: "FieldValueDuplicate",
  body: `Duplicate value: ${JSON.stringify(value)}`,
})
const forbiddenField = (field: string, detail: string): FieldError => ({
  field,
  reason: "FieldValueForbidden",
  body: `Forbidden: ${detail}`,
})

/** What is wrong with a new CertificateSigningRequest. Source: k8s.io/kubernetes pkg/apis/certificates/validation. */
export function validateCsr(csr: UnknownObject): FieldError[] {
  const spec = objectIn(csr, "spec")
  const expirationSeconds = spec["expirationSeconds"]
  return [
    ...validateRequest(textIn(spec, "request")),
    ...validateUsages(listIn(spec, "usages")),
    ...validateSignerName("spec.signerName", textIn(spec, "signerName")),
    ...(typeof expirationSeconds === "number" && expirationSeconds < EXPIRATION_SECONDS_MIN
      ? [
          invalidValue(
            "spec.expirationSeconds",
            expirationSeconds,
            "may not specify a duration less than 600 seconds (10 minutes)",
          ),
        ]
      : []),
    ...validateStatus(csr, undefined),
  ]
}

/**
 * What is wrong with a change of status or approval. The spec does not change after creation: whoever prepares the
 * update sees to that, and to who may write which part of the status.
 */
export function validateCsrUpdate(csr: UnknownObject, before: UnknownObject): FieldError[] {
  const errors = validateStatus(csr, before)
  for (const type of DECISIONS) {
    if (conditionsOf(csr, type).length < conditionsOf(before, type).length) {
      errors.push(forbiddenField("status.conditions", `updates may not remove a condition of type "${type}"`))
    }
  }
  const [issued, certificate] = [certificateOf(before), certificateOf(csr)]
  if (issued !== "" && certificate !== issued) {
    errors.push(forbiddenField("status.certificate", "updates may not modify existing certificate content"))
  }
  return errors
}

const certificateOf = (csr: UnknownObject): string => textIn(csr["status"], "certificate")
const conditionsOf = (csr: UnknownObject, type: string): Json[] =>
  itemsIn(csr["status"], "conditions").filter((condition) => condition["type"] === type)

function validateRequest(request: string): FieldError[] {
  const refuse = (detail: string) => [invalidValue("spec.request", request === "" ? null : request, detail)]
  const pem = Buffer.from(request, "base64").toString("utf8")
  if (decodePem(pem)[0]?.label !== "CERTIFICATE REQUEST") return refuse("PEM block type must be CERTIFICATE REQUEST")
  try {
    parseCsr(pem)
    return []
  } catch (error) {
    return refuse(describeError(error))
  }
}

function validateUsages(usages: readonly unknown[]): FieldError[] {
  if (usages.length === 0) return [required("spec.usages")]
  return usages.flatMap((usage, i) => {
    const field = `spec.usages[${i}]`
    if (!CERTIFICATE_USAGES.includes(String(usage))) return [unsupported(field, usage, CERTIFICATE_USAGES)]
    return usages.indexOf(usage) < i ? [duplicate(field, usage)] : []
  })
}

function validateSignerName(field: string, name: string): FieldError[] {
  if (name === LEGACY_SIGNER) {
    return [invalidValue(field, name, "the legacy signerName is not allowed via this API version")]
  }
  if (name === "") return [required(field)]
  const segments = name.split("/")
  const [domain, path] = segments
  if (segments.length !== 2 || domain === undefined || path === undefined) {
    return [
      invalidValue(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ]
  }
  const errors: FieldError[] = []
  const checkLabels = (segment: string, check: (label: string) => string[]) => {
    for (const label of segment.split(".")) {
      const problems = check(label)
      errors.push(
        ...problems.map((text) => invalidValue(field, segment, `validating label ${JSON.stringify(label)}: ${text}`)),
      )
      if (problems.length > 0) return // more of the same would only confuse
    }
  }
  const checkLength = (text: string, limit: number) => {
    if (text.length <= limit) return
    errors.push({ field, reason: "FieldValueTooLong", body: `Too long: may not be more than ${limit} bytes` })
  }
  checkLength(domain, DOMAIN_BYTES_MAX)
  checkLabels(domain, isDns1123Label)
  if (!domain.includes(".")) {
    errors.push(invalidValue(field, domain, "should be a domain with at least two segments separated by dots"))
  }
  checkLabels(path, isDns1123Subdomain)
  checkLength(name, SIGNER_NAME_BYTES_MAX)
  return errors
}

function validateStatus(csr: UnknownObject, before: UnknownObject | undefined): FieldError[] {
  const conditions = itemsIn(csr["status"], "conditions")
  const errors: FieldError[] = []
  const types: string[] = []
  for (const [i, condition] of conditions.entries()) {
    const [field, type, status] = [`status.conditions[${i}]`, textIn(condition, "type"), textIn(condition, "status")]
    const supported = DECISIONS.includes(type) ? ["True"] : ["False", "True", "Unknown"]
    if (type === "") errors.push(required(`${field}.type`))
    if (status === "") errors.push(required(`${field}.status`))
    else if (!supported.includes(status)) errors.push(unsupported(`${field}.status`, status, supported))
    const opposite = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : undefined
    if (opposite !== undefined && types.includes(opposite)) {
      errors.push(invalidValue("status.conditions", type, "Approved and Denied conditions are mutually exclusive"))
    }
    if (types.includes(type)) errors.push(duplicate(`${field}.type`, type))
    types.push(type)
  }
  // What is stored already is not held against a change of something else.
  if (before !== undefined && deepEqual(conditions, itemsIn(before["status"], "conditions"))) errors.length = 0
  return [...errors, ...validateIssued(certificateOf(csr))]
}

function validateIssued(certificate: string): FieldError[] {
  if (certificate === "") return []
  const refuse = (detail: string) => [invalidValue("status.certificate", "<certificate data>", detail)]
  const pem = Buffer.from(certificate, "base64").toString("utf8")
  const blocks = decodePem(pem)
  const other = blocks.find(({ label }) => label !== "CERTIFICATE")
  if (other !== undefined)
    return refuse(`only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other.label)}`)
  if (blocks.length === 0) return refuse("must contain at least one CERTIFICATE PEM block")
  try {
    certificateChainOf(pem)
    return []
  } catch (error) {
    return refuse(describeError(error))
  }
}
