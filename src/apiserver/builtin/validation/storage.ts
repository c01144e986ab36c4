// Source: k8s.io/kubernetes pkg/apis/{core,storage}/validation.
import { forbiddenField, invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, listIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { dnsSubdomain, immutable, labelSelector, oneOf } from "./checks.ts"

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]

const validateModes = (spec: Json) =>
  listIn(spec, "accessModes").flatMap((mode) => oneOf("spec.accessModes", mode, ACCESS_MODES))

export function validateClaim(claim: UnknownObject): FieldError[] {
  const spec = objectIn(claim, "spec")
  const errors: FieldError[] = []
  if (listIn(spec, "accessModes").length === 0) {
    errors.push(requiredField("spec.accessModes", "at least 1 access mode is required"))
  }
  if (findObject(spec, "selector") !== undefined) errors.push(...labelSelector("spec.selector", spec["selector"]))
  errors.push(...validateModes(spec))
  const storage = objectIn(objectIn(spec, "resources"), "requests")["storage"]
  if (storage === undefined) errors.push(requiredField("spec.resources[storage]"))
  else if (!isPositive(storage)) {
    errors.push(invalidField("spec.resources[storage]", String(storage), "must be greater than zero"))
  }
  return [
    ...errors,
    ...dnsSubdomain("spec.storageClassName", spec["storageClassName"]),
    ...oneOf("spec.volumeMode", spec["volumeMode"], ["Block", "Filesystem"]),
  ]
}

function isPositive(quantity: unknown): boolean {
  try {
    return parseQuantity(quantity as string).compare(parseQuantity("0")) > 0
  } catch {
    return false
  }
}

const CLAIM_CHANGEABLE = ["volumeName", "resources", "volumeAttributesClassName"]

export function validateClaimUpdate(claim: UnknownObject, before: UnknownObject): FieldError[] {
  const [spec, old] = [objectIn(claim, "spec"), objectIn(before, "spec")]
  const errors = validateClaim(claim)
  const fixed = (s: Json) => Object.fromEntries(Object.entries(s).filter(([f]) => !CLAIM_CHANGEABLE.includes(f)))
  const isBound = textIn(old, "volumeName") !== ""
  const rebound = isBound && spec["volumeName"] !== old["volumeName"]
  const grows = objectIn(before, "status")["phase"] === "Bound" || deepEqual(spec["resources"], old["resources"])
  if (rebound || !grows || !deepEqual(fixed(spec), fixed(old))) {
    const why =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    errors.push(forbiddenField("spec", why))
  }
  return errors
}

/** Fields of a volume's spec that are no source of its storage. */
const NO_SOURCE = new Set([
  "capacity",
  "accessModes",
  "claimRef",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "mountOptions",
  "volumeMode",
  "nodeAffinity",
  "volumeAttributesClassName",
])

const sourcesOf = (spec: Json) => Object.keys(spec).filter((field) => !NO_SOURCE.has(field))

export function validateVolume(volume: UnknownObject): FieldError[] {
  const spec = objectIn(volume, "spec")
  const capacity = objectIn(spec, "capacity")
  const errors: FieldError[] = []
  if (listIn(spec, "accessModes").length === 0) errors.push(requiredField("spec.accessModes"))
  errors.push(...validateModes(spec))
  if (Object.keys(capacity).length === 0) errors.push(requiredField("spec.capacity"))
  if (capacity["storage"] === undefined || Object.keys(capacity).length > 1) {
    errors.push(unsupportedField("spec.capacity", spec["capacity"] ?? null, ["storage"]))
  }
  errors.push(
    ...oneOf("spec.persistentVolumeReclaimPolicy", spec["persistentVolumeReclaimPolicy"], [
      "Delete",
      "Recycle",
      "Retain",
    ]),
  )
  const [first, ...others] = sourcesOf(spec)
  if (first === undefined) errors.push(requiredField("spec", "must specify a volume type"))
  errors.push(...others.map((source) => forbiddenField(`spec.${source}`, "may not specify more than 1 volume type")))
  return [
    ...errors,
    ...dnsSubdomain("spec.storageClassName", spec["storageClassName"]),
    ...oneOf("spec.volumeMode", spec["volumeMode"], ["Block", "Filesystem"]),
  ]
}

export function validateVolumeUpdate(volume: UnknownObject, before: UnknownObject): FieldError[] {
  const [spec, old] = [objectIn(volume, "spec"), objectIn(before, "spec")]
  const errors = validateVolume(volume)
  const source = (s: Json) => Object.fromEntries(sourcesOf(s).map((field) => [field, s[field]]))
  if (!deepEqual(source(spec), source(old))) {
    errors.push(
      forbiddenField("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"),
    )
  }
  return [...errors, ...immutable("volumeMode", spec["volumeMode"], old["volumeMode"])]
}

export function validateStorageClass(storageClass: UnknownObject): FieldError[] {
  return [
    ...(textIn(storageClass, "provisioner") === "" ? [requiredField("provisioner")] : []),
    ...oneOf("reclaimPolicy", storageClass["reclaimPolicy"], ["Delete", "Retain"]),
    ...oneOf("volumeBindingMode", storageClass["volumeBindingMode"], ["Immediate", "WaitForFirstConsumer"]),
  ]
}

export function validateStorageClassUpdate(storageClass: UnknownObject, before: UnknownObject): FieldError[] {
  const errors = validateStorageClass(storageClass)
  for (const field of ["parameters", "provisioner"]) {
    if (!deepEqual(storageClass[field], before[field])) {
      errors.push(forbiddenField(field, "updates to " + field + " are forbidden."))
    }
  }
  if (storageClass["reclaimPolicy"] !== before["reclaimPolicy"]) {
    errors.push(forbiddenField("reclaimPolicy", "updates to reclaimPolicy are forbidden."))
  }
  return [...errors, ...immutable("volumeBindingMode", storageClass["volumeBindingMode"], before["volumeBindingMode"])]
}
