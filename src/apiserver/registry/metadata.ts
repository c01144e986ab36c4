// What every object's metadata must be and what the server decides of it.
// Source: k8s.io/apimachinery api/validation/objectmeta.go, k8s.io/apiserver registry/rest/{create,update}.go.
import { forbiddenField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { formatTime } from "#lib/clock.ts"
import { NAME_ALPHABET, randomText, uuid, type Random } from "#lib/random.ts"
import type { ObjectMeta, OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegmentName,
  isQualifiedName,
  maskTrailingDash,
} from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

const ANNOTATIONS_BYTES_MAX = 256 * 1024
/** Characters of a generateName that are kept before the random ones. */
const GENERATE_NAME_LENGTH_MAX = 58
const GENERATED_LENGTH = 5

export const FINALIZER_ORPHAN = "orphan"
export const FINALIZER_FOREGROUND = "foregroundDeletion"

/** Clears what only the server sets and gives the object its identity. Changes `metadata`. */
export function stampForCreate(metadata: ObjectMeta, namespace: string, random: Random, nowMs: number): void {
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.resourceVersion
  delete (metadata as { selfLink?: string }).selfLink
  if (namespace === "") delete metadata.namespace
  else metadata.namespace = namespace
  metadata.uid = uuid(random)
  metadata.creationTimestamp = formatTime(nowMs)
}

export function generateName(prefix: string, random: Random): string {
  return prefix.slice(0, GENERATE_NAME_LENGTH_MAX) + randomText(random, GENERATED_LENGTH, NAME_ALPHABET)
}

/** Restores what an update cannot change. Changes `metadata`. */
export function stampForUpdate(metadata: ObjectMeta, before: ObjectMeta): void {
  delete (metadata as { selfLink?: string }).selfLink
  // What says nothing means what is there; what says something else is refused.
  for (const field of ["uid", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    if (!metadata[field] && before[field] !== undefined) (metadata as Record<string, unknown>)[field] = before[field]
  }
  for (const field of ["creationTimestamp", "generation", "generateName"] as const) {
    if (before[field] === undefined) delete metadata[field]
    else (metadata as Record<string, unknown>)[field] = before[field]
  }
}

/** Names that are not DNS-1123 subdomains. */
const NAME_RULES: ReadonlyMap<string, (name: string) => string[]> = new Map([
  ["/namespaces", isDns1123Label],
  ["/services", isDns1035Label],
  ["certificates.k8s.io/certificatesigningrequests", () => []],
  // Its own validation says what it must be called.
  ["apiregistration.k8s.io/apiservices", () => []],
  ["rbac.authorization.k8s.io/roles", isPathSegmentName],
  ["rbac.authorization.k8s.io/rolebindings", isPathSegmentName],
  ["rbac.authorization.k8s.io/clusterroles", isPathSegmentName],
  ["rbac.authorization.k8s.io/clusterrolebindings", isPathSegmentName],
])

/** @returns problems of the metadata of a new object */
export function validateMetadata(info: ResourceInfo, metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  const isValidName = NAME_RULES.get(`${info.group}/${info.resource}`) ?? isDns1123Subdomain
  if (metadata.generateName) {
    for (const problem of isValidName(maskTrailingDash(metadata.generateName))) {
      errors.push(invalidField("metadata.generateName", metadata.generateName, problem))
    }
  }
  if (!metadata.name) {
    errors.push(requiredField("metadata.name", "name or generateName is required"))
  } else {
    for (const problem of isValidName(metadata.name)) errors.push(invalidField("metadata.name", metadata.name, problem))
  }
  errors.push(
    ...validateLabels(metadata),
    ...validateAnnotations(metadata),
    ...validateOwners(metadata.ownerReferences ?? []),
  )
  errors.push(...validateFinalizers(metadata.finalizers ?? []))
  if (!info.custom) errors.push(...validateFinalizerNames(metadata.finalizers ?? []))
  return errors
}

/** @returns problems of an update's metadata; the system's fields have been restored already */
export function validateMetadataUpdate(metadata: ObjectMeta, before: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    const value = metadata[field]
    if (value === before[field]) continue
    // It is checked before the kind's own validation and by that again; each says so.
    for (let i = 0; i < 2; i++) errors.push(invalidField(`metadata.${field}`, value ?? null, "field is immutable"))
  }
  // What has not changed was valid when it was written, or is older than the rule.
  if (!deepEqual(metadata.labels, before.labels)) errors.push(...validateLabels(metadata))
  if (!deepEqual(metadata.annotations, before.annotations)) errors.push(...validateAnnotations(metadata))
  if (!deepEqual(metadata.ownerReferences, before.ownerReferences))
    errors.push(...validateOwners(metadata.ownerReferences ?? []))
  if (deepEqual(metadata.finalizers, before.finalizers)) return errors
  errors.push(...validateFinalizers(metadata.finalizers ?? []))
  if (before.deletionTimestamp === undefined) return errors
  const added = (metadata.finalizers ?? []).filter((f) => !before.finalizers?.includes(f))
  if (added.length > 0) {
    const list = added
      .toSorted()
      .map((f) => JSON.stringify(f))
      .join(", ")
    const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
    errors.push(forbiddenField("metadata.finalizers", why), forbiddenField("metadata.finalizers", why))
  }
  return errors
}

function validateLabels({ labels }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const problem of isQualifiedName(key)) errors.push(invalidField("metadata.labels", key, problem))
    for (const problem of isLabelValue(value)) errors.push(invalidField("metadata.labels", value, problem))
  }
  return errors
}

function validateAnnotations({ annotations }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const problem of isQualifiedName(key.toLowerCase()))
      errors.push(invalidField("metadata.annotations", key, problem))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) {
    const body = `Too long: may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`
    errors.push({ field: "metadata.annotations", reason: "FieldValueTooLong", body })
  }
  return errors
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(["kubernetes", FINALIZER_ORPHAN, FINALIZER_FOREGROUND])

/** What built-in kinds ask beyond it: a domain. */
function validateFinalizerNames(finalizers: readonly string[]): FieldError[] {
  const why = "name is neither a standard finalizer name nor is it fully qualified"
  return finalizers.flatMap((name, i) =>
    name.includes("/") || STANDARD_FINALIZERS.has(name) ? [] : [invalidField(`metadata.finalizers[${i}]`, name, why)],
  )
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  for (const finalizer of finalizers) {
    for (const problem of isQualifiedName(finalizer))
      errors.push(invalidField("metadata.finalizers", finalizer, problem))
  }
  if (finalizers.includes(FINALIZER_ORPHAN) && finalizers.includes(FINALIZER_FOREGROUND)) {
    const why = `finalizer ${FINALIZER_ORPHAN} and ${FINALIZER_FOREGROUND} cannot be both set`
    errors.push(invalidField("metadata.finalizers", finalizers, why))
  }
  return errors
}

function validateOwners(owners: readonly OwnerReference[]): FieldError[] {
  const errors: FieldError[] = []
  const field = "metadata.ownerReferences"
  for (const owner of owners) {
    if (!owner.apiVersion)
      errors.push(invalidField(`${field}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"))
    for (const key of ["kind", "name", "uid"] as const) {
      if (!owner[key]) errors.push(invalidField(`${field}.${key}`, owner[key] ?? "", "must not be empty"))
    }
  }
  const [first, second] = owners.filter((owner) => owner.controller)
  if (first !== undefined && second !== undefined) {
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`
    const list = owners.map(({ apiVersion, kind, name, uid, ...rest }) => ({ apiVersion, kind, name, uid, ...rest }))
    errors.push({ field, reason: "FieldValueInvalid", body: `Invalid value: ${JSON.stringify(list)}: ${why}` })
  }
  return errors
}

/** Warnings about the finalizers that are no names of a domain. */
export function metadataWarnings(metadata: ObjectMeta, before?: ObjectMeta): string[] {
  const known = new Set([...(before?.finalizers ?? []), FINALIZER_ORPHAN, FINALIZER_FOREGROUND, "kubernetes"])
  return (metadata.finalizers ?? [])
    .filter((f) => !known.has(f) && !f.includes("/"))
    .map(
      (f) =>
        `metadata.finalizers: ${JSON.stringify(f)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
    )
}

/** Whether something that counts for metadata.generation has changed. */
export function countsForGeneration(info: ResourceInfo, after: UnknownObject, before: UnknownObject): boolean {
  if (info.strategy.generation === "none") return false
  if (!info.custom) return !deepEqual(after["spec"], before["spec"])
  const rest = ({ metadata: _m, status: _s, apiVersion: _v, ...others }: UnknownObject) => others
  if (info.strategy.statusSubresource) return !deepEqual(rest(after), rest(before))
  return !deepEqual({ ...rest(after), status: after["status"] }, { ...rest(before), status: before["status"] })
}
