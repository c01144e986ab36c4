// Source: k8s.io/kubernetes pkg/apis/apps/validation, and core's for ReplicationController.
import { forbiddenField, invalidField, requiredField, unsupportedField } from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import type { LabelSelectorObject, Labels } from "#apimachinery/selectors.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, isAbsent, itemsIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import {
  immutable,
  labels,
  labelSelector,
  nonNegative,
  notAboveHundredPercent,
  numberOrPercent,
  structField,
} from "./checks.ts"
import { validatePodSpec } from "./pod-spec.ts"

const templateLabels = (spec: Json): Labels | undefined =>
  findObject(objectIn(objectIn(spec, "template"), "metadata"), "labels") as Labels | undefined

/** Whether a selector finds the pods that are made from the template beside it. An absent one finds none. */
function matchesTemplate(spec: Json): boolean {
  try {
    return labelSelectorOf(findObject(spec, "selector") as LabelSelectorObject | undefined).matches(
      templateLabels(spec) ?? {},
    )
  } catch {
    return false
  }
}

type SelectorRules = { readonly what: string; readonly required: boolean }

function validateSelector(spec: Json, rules: SelectorRules): FieldError[] {
  const selector = findObject(spec, "selector")
  if (selector === undefined) return rules.required ? [requiredField("spec.selector")] : []
  const errors = labelSelector("spec.selector", selector)
  if (
    Object.keys(objectIn(selector, "matchLabels")).length === 0 &&
    (selector["matchExpressions"] as unknown[] | undefined)?.length === undefined
  ) {
    errors.push(invalidField("spec.selector", selector, `empty selector is invalid for ${rules.what}`))
  }
  return errors
}

/** The pods of a workload: found by its selector, and restarted always. */
function validateTemplate(spec: Json, selectorIsSound: boolean): FieldError[] {
  const template = objectIn(spec, "template")
  const podSpec = objectIn(template, "spec")
  const errors: FieldError[] = []
  if (selectorIsSound && !matchesTemplate(spec)) {
    const why = "`selector` does not match template `labels`"
    errors.push(invalidField("spec.template.metadata.labels", templateLabels(spec) ?? null, why))
  }
  errors.push(...labels("spec.template.labels", templateLabels(spec)))
  errors.push(...validatePodSpec(podSpec, "spec.template.spec"))
  const restart = textIn(podSpec, "restartPolicy")
  if (restart !== "Always" && restart !== "") {
    errors.push(unsupportedField("spec.template.spec.restartPolicy", restart, ["Always"]))
  }
  if (!isAbsent(podSpec["activeDeadlineSeconds"])) {
    errors.push(
      forbiddenField(
        "spec.template.spec.activeDeadlineSeconds",
        "activeDeadlineSeconds in ReplicaSet is not Supported",
      ),
    )
  }
  return errors
}

/** A selector that can't be read is told once more, as a whole, where its pods are compared with it. */
function unreadableSelector(spec: Json): FieldError[] {
  const selector = findObject(spec, "selector")
  if (selector === undefined || labelSelector("", selector).length === 0) return []
  return [invalidField("spec.selector", selector, "invalid label selector")]
}

export function validateDeployment(deployment: UnknownObject): FieldError[] {
  const spec = objectIn(deployment, "spec")
  const errors = [
    ...nonNegative(spec, "spec", "replicas"),
    ...validateSelector(spec, { what: "deployment", required: true }),
  ]
  const unreadable = unreadableSelector(spec)
  const isEmpty = errors.some((e) => e.body.includes("empty selector"))
  errors.push(...unreadable)
  if (unreadable.length === 0) errors.push(...validateTemplate(spec, !isEmpty))
  errors.push(...validateDeploymentStrategy(objectIn(spec, "strategy")))
  errors.push(...nonNegative(spec, "spec", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"))
  const deadline = numberIn(spec, "progressDeadlineSeconds")
  if (!isAbsent(spec["progressDeadlineSeconds"]) && deadline <= numberIn(spec, "minReadySeconds")) {
    errors.push(invalidField("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
  }
  return errors
}

function validateDeploymentStrategy(strategy: Json): FieldError[] {
  const type = textIn(strategy, "type")
  const update = findObject(strategy, "rollingUpdate")
  if (type === "Recreate") {
    if (update === undefined) return []
    return [forbiddenField("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")]
  }
  if (type !== "RollingUpdate") {
    return [
      structField(
        "NotSupported",
        "spec.strategy",
        { Type: type, RollingUpdate: update ?? null },
        'supported values: "Recreate", "RollingUpdate"',
      ),
    ]
  }
  const path = "spec.strategy.rollingUpdate"
  const { maxUnavailable, maxSurge } = update ?? {}
  const errors = [
    ...numberOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...numberOrPercent(`${path}.maxSurge`, maxSurge),
  ]
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalidField(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"))
  }
  return [...errors, ...notAboveHundredPercent(`${path}.maxUnavailable`, maxUnavailable)]
}

const isZero = (value: unknown) => value === 0 || value === "0%"

export function validateDeploymentUpdate(deployment: UnknownObject, before: UnknownObject): FieldError[] {
  return [
    ...validateDeployment(deployment),
    ...immutableSelector(deployment, before),
    ...(deepEqual(deployment["status"], before["status"])
      ? []
      : validateDeploymentStatus(objectIn(deployment, "status"), objectIn(before, "status"))),
  ]
}

function validateDeploymentStatus(status: Json, before: Json): FieldError[] {
  const counted = (field: string) => numberIn(status, field)
  const above = (field: string, limit: string, what: string) =>
    counted(field) > counted(limit)
      ? [invalidField(`status.${field}`, counted(field), `cannot be greater than ${what}`)]
      : []
  return [
    ...nonNegative(
      status,
      "status",
      "observedGeneration",
      "replicas",
      "updatedReplicas",
      "readyReplicas",
      "availableReplicas",
      "unavailableReplicas",
      "terminatingReplicas",
      "collisionCount",
    ),
    ...["updatedReplicas", "readyReplicas", "availableReplicas"].flatMap((field) =>
      above(field, "replicas", "status.replicas"),
    ),
    ...above("availableReplicas", "readyReplicas", "readyReplicas"),
    ...(numberIn(before, "collisionCount") > counted("collisionCount")
      ? [invalidField("status.collisionCount", counted("collisionCount"), "cannot be decremented")]
      : []),
  ]
}

const immutableSelector = (object: UnknownObject, before: UnknownObject) =>
  immutable("spec.selector", objectIn(object, "spec")["selector"], objectIn(before, "spec")["selector"])

export function validateReplicaSet(set: UnknownObject): FieldError[] {
  const spec = objectIn(set, "spec")
  const selector = validateSelector(spec, { what: "deployment", required: true })
  const unreadable = unreadableSelector(spec)
  return [
    ...nonNegative(spec, "spec", "replicas", "minReadySeconds"),
    ...selector,
    ...unreadable,
    ...(unreadable.length > 0 ? [] : validateTemplate(spec, true)),
  ]
}

export function validateReplicaSetUpdate(set: UnknownObject, before: UnknownObject): FieldError[] {
  return [...validateReplicaSet(set), ...immutableSelector(set, before)]
}

export function validateDaemonSet(set: UnknownObject): FieldError[] {
  const spec = objectIn(set, "spec")
  const strategy = objectIn(spec, "updateStrategy")
  const errors = [
    ...validateSelector(spec, { what: "daemonset", required: false }),
    ...validateTemplate(spec, unreadableSelector(spec).length === 0),
    ...nonNegative(spec, "spec", "minReadySeconds", "revisionHistoryLimit"),
  ]
  const type = textIn(strategy, "type")
  const update = findObject(strategy, "rollingUpdate")
  if (type !== "RollingUpdate" && type !== "OnDelete") {
    const value = { Type: type, RollingUpdate: update ?? null }
    errors.push(
      structField("NotSupported", "spec.updateStrategy", value, 'supported values: "RollingUpdate", "OnDelete"'),
    )
  }
  if (type !== "RollingUpdate" || update === undefined) return errors
  const path = "spec.updateStrategy.rollingUpdate"
  const { maxUnavailable, maxSurge } = update
  errors.push(
    ...numberOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...numberOrPercent(`${path}.maxSurge`, maxSurge),
  )
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(requiredField(`${path}.maxUnavailable`, "cannot be 0 when maxSurge is 0"))
  }
  return [...errors, ...notAboveHundredPercent(`${path}.maxUnavailable`, maxUnavailable)]
}

export function validateDaemonSetUpdate(set: UnknownObject, before: UnknownObject): FieldError[] {
  return [...validateDaemonSet(set), ...immutableSelector(set, before)]
}

/** The template with what the controller gives each pod: volumes for the claims, a host name and a subdomain. */
function asPodsGetIt(spec: Json): Json {
  const template = objectIn(spec, "template")
  const { subdomain: _, hostname: __, ...podSpec } = objectIn(template, "spec")
  const claims = itemsIn(spec, "volumeClaimTemplates").map((claim) => textIn(objectIn(claim, "metadata"), "name"))
  const volumes = [
    ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...itemsIn(podSpec, "volumes").filter((volume) => !claims.includes(textIn(volume, "name"))),
  ]
  return { ...spec, template: { ...template, spec: { ...podSpec, ...(volumes.length > 0 ? { volumes } : {}) } } }
}

export function validateStatefulSet(set: UnknownObject): FieldError[] {
  const spec = objectIn(set, "spec")
  const errors: FieldError[] = []
  const policy = textIn(spec, "podManagementPolicy")
  if (policy !== "OrderedReady" && policy !== "Parallel") {
    errors.push(invalidField("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
  }
  const strategy = objectIn(spec, "updateStrategy")
  const type = textIn(strategy, "type")
  const update = findObject(strategy, "rollingUpdate")
  if (type === "OnDelete" && update !== undefined) {
    const value = { Partition: update["partition"] ?? 0, MaxUnavailable: update["maxUnavailable"] ?? null }
    errors.push(
      structField(
        "Invalid",
        "spec.updateStrategy.rollingUpdate",
        value,
        "only allowed for updateStrategy 'RollingUpdate'",
      ),
    )
  } else if (type !== "OnDelete" && type !== "RollingUpdate") {
    const value = { Type: type, RollingUpdate: update ?? null }
    errors.push(structField("Invalid", "spec.updateStrategy", value, "must be 'RollingUpdate' or 'OnDelete'"))
  }
  if (update !== undefined && type === "RollingUpdate") {
    errors.push(...nonNegative(update, "spec.updateStrategy.rollingUpdate", "partition"))
  }
  return [
    ...errors,
    ...nonNegative(spec, "spec", "replicas", "minReadySeconds"),
    ...validateSelector(spec, { what: "statefulset", required: true }),
    ...validateTemplate(asPodsGetIt(spec), unreadableSelector(spec).length === 0),
  ]
}

const STATEFUL_SET_CHANGEABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
]

export function validateStatefulSetUpdate(set: UnknownObject, before: UnknownObject): FieldError[] {
  const errors = validateStatefulSet(set)
  const fixed = (spec: Json) =>
    Object.fromEntries(Object.entries(spec).filter(([f]) => !STATEFUL_SET_CHANGEABLE.includes(f)))
  if (!deepEqual(fixed(objectIn(set, "spec")), fixed(objectIn(before, "spec")))) {
    const why =
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    errors.push(forbiddenField("spec", why))
  }
  return errors
}
