// Kinds with a rule or two. Source: k8s.io/kubernetes pkg/apis/{core,coordination,policy,autoscaling,scheduling}/validation.
import { forbiddenField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isQualifiedName } from "#apimachinery/names.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { isAbsent, itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import {
  atLeast,
  cidr,
  immutable,
  labels,
  labelSelector,
  notAboveHundredPercent,
  numberOrPercent,
  oneOf,
  structField,
} from "./checks.ts"

export function validateNamespace(namespace: UnknownObject): FieldError[] {
  return listIn(namespace["spec"], "finalizers").flatMap((finalizer) => {
    const name = String(finalizer)
    const errors = isQualifiedName(name).map((problem) => invalidField("spec.finalizers", name, problem))
    if (!name.includes("/") && name !== "kubernetes") {
      errors.push(
        invalidField("spec.finalizers", name, "name is neither a standard finalizer name nor is it fully qualified"),
      )
    }
    return errors
  })
}

export function validateNamespaceUpdate(namespace: UnknownObject): FieldError[] {
  const errors = validateNamespace(namespace)
  const phase = textIn(namespace["status"], "phase")
  const wanted = namespace.metadata.deletionTimestamp === undefined ? "Active" : "Terminating"
  if (phase === wanted) return errors
  const when = wanted === "Active" ? "empty" : "not empty"
  return [...errors, invalidField("status.Phase", phase, `may only be '${wanted}' if \`deletionTimestamp\` is ${when}`)]
}

export function validateNode(node: UnknownObject): FieldError[] {
  const spec = objectIn(node, "spec")
  const errors: FieldError[] = []
  for (const [i, taint] of itemsIn(spec, "taints").entries()) {
    const path = `metadata.taints[${i}]`
    const key = textIn(taint, "key")
    errors.push(...labels(`${path}.key`, { [key]: "" }))
    const effect = textIn(taint, "effect")
    if (effect === "") errors.push(requiredField(`${path}.effect`))
    else errors.push(...oneOf(`${path}.effect`, effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]))
  }
  const ranges =
    listIn(spec, "podCIDRs").length > 0
      ? listIn(spec, "podCIDRs")
      : spec["podCIDR"] === undefined
        ? []
        : [spec["podCIDR"]]
  return [...errors, ...ranges.flatMap((range, i) => cidr(`spec.podCIDRs[${i}]`, String(range)))]
}

export function validateLease(lease: UnknownObject): FieldError[] {
  const { leaseDurationSeconds: duration, leaseTransitions } = objectIn(lease, "spec")
  const errors: FieldError[] = []
  if (typeof duration === "number" && duration <= 0) {
    errors.push(invalidField("spec.leaseDurationSeconds", duration, "must be greater than 0"))
  }
  return [...errors, ...atLeast("spec.leaseTransitions", leaseTransitions, 0)]
}

export function validateDisruptionBudget(budget: UnknownObject): FieldError[] {
  const spec = objectIn(budget, "spec")
  const { minAvailable, maxUnavailable } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const value = {
      MinAvailable: minAvailable,
      Selector: spec["selector"] ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: spec["unhealthyPodEvictionPolicy"] ?? null,
    }
    errors.push(structField("Invalid", "spec", value, "minAvailable and maxUnavailable cannot be both set"))
  }
  for (const [field, value] of [
    ["minAvailable", minAvailable],
    ["maxUnavailable", maxUnavailable],
  ] as const) {
    errors.push(...numberOrPercent(`spec.${field}`, value), ...notAboveHundredPercent(`spec.${field}`, value))
  }
  return [...errors, ...labelSelector("spec.selector", spec["selector"])]
}

export function validateAutoscaler(autoscaler: UnknownObject): FieldError[] {
  const spec = objectIn(autoscaler, "spec")
  const target = objectIn(spec, "scaleTargetRef")
  const { minReplicas } = spec
  const max = numberIn(spec, "maxReplicas")
  const errors: FieldError[] = []
  const scalesToZero = itemsIn(spec, "metrics").some((m) => m["type"] === "Object" || m["type"] === "External")
  // Scaling to zero is behind a feature gate that is off.
  errors.push(...atLeast("spec.minReplicas", minReplicas, 1))
  if (max < 1) errors.push(invalidField("spec.maxReplicas", max, "must be greater than 0"))
  if (typeof minReplicas === "number" && max < minReplicas) {
    errors.push(invalidField("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`"))
  }
  for (const field of ["kind", "name"]) {
    if (textIn(target, field) === "") errors.push(requiredField(`spec.scaleTargetRef.${field}`))
  }
  if (!textIn(target, "apiVersion").includes("/")) {
    errors.push(
      invalidField("spec.scaleTargetRef.apiVersion", textIn(target, "apiVersion"), "apiVersion must specify API group"),
    )
  }
  if (minReplicas === 0 && !scalesToZero) {
    const why = "must specify at least one Object or External metric to support scaling to zero replicas"
    errors.push(forbiddenField("spec.metrics", why))
  }
  return errors
}

const USER_PRIORITY_MAX = 1_000_000_000
const SYSTEM_PRIORITY_CLASSES = new Set(["system-node-critical", "system-cluster-critical"])

export function validatePriorityClass(priorityClass: UnknownObject): FieldError[] {
  const name = priorityClass.metadata.name ?? ""
  const errors: FieldError[] = []
  if (name.startsWith("system-")) {
    if (!SYSTEM_PRIORITY_CLASSES.has(name)) {
      const why = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`
      errors.push(forbiddenField("metadata.name", why))
    }
  } else if (numberIn(priorityClass, "value") > USER_PRIORITY_MAX) {
    errors.push(forbiddenField("value", `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`))
  }
  return [...errors, ...oneOf("preemptionPolicy", priorityClass["preemptionPolicy"], ["PreemptLowerPriority", "Never"])]
}

export function validatePriorityClassUpdate(priorityClass: UnknownObject, before: UnknownObject): FieldError[] {
  const errors = immutable("preemptionPolicy", priorityClass["preemptionPolicy"], before["preemptionPolicy"])
  if ((priorityClass["value"] ?? 0) === (before["value"] ?? 0)) return errors
  return [...errors, forbiddenField("value", "may not be changed in an update.")]
}

const QUOTA_RESOURCES = new Set(
  (
    "cpu memory ephemeral-storage requests.cpu requests.memory requests.storage requests.ephemeral-storage limits.cpu " +
    "limits.memory limits.ephemeral-storage pods resourcequotas services replicationcontrollers secrets persistentvolumeclaims " +
    "configmaps services.nodeports services.loadbalancers"
  ).split(" "),
)
const COUNTED =
  /^(pods|resourcequotas|services|replicationcontrollers|secrets|persistentvolumeclaims|configmaps|services\..*)$/

export function validateResourceQuota(quota: UnknownObject): FieldError[] {
  return Object.entries(objectIn(quota["spec"], "hard")).flatMap(([name, value]) => {
    const field = `spec.hard[${name}]`
    const errors: FieldError[] = []
    if (!name.includes("/") && !QUOTA_RESOURCES.has(name) && !/^(requests\.|limits\.)?hugepages-/.test(name)) {
      errors.push(invalidField(field, name, "must be a standard resource type or fully qualified"))
      errors.push(invalidField(field, name, "must be a standard resource for quota"))
    }
    if (isAbsent(value)) return errors
    const quantity = parseQuantity(String(value))
    if (quantity.compare(parseQuantity("0")) < 0) {
      errors.push(invalidField(field, String(value), "must be greater than or equal to 0"))
    }
    if (COUNTED.test(name) && String(value).endsWith("m")) {
      errors.push(invalidField(field, String(value), "must be an integer"))
    }
    return errors
  })
}

const LIMIT_TYPES = new Set(["Pod", "Container", "PersistentVolumeClaim"])

export function validateLimitRange(range: UnknownObject): FieldError[] {
  return itemsIn(range["spec"], "limits").flatMap((limit, i) => {
    const path = `spec.limits[${i}]`
    const type = textIn(limit, "type")
    const errors: FieldError[] = []
    if (!LIMIT_TYPES.has(type) && !type.includes("/")) {
      errors.push(invalidField(`${path}.type`, type, "must be a standard limit type or fully qualified"))
    }
    const parts = Object.fromEntries(["min", "max", "default", "defaultRequest"].map((p) => [p, objectIn(limit, p)]))
    const order = [
      ["min", "min", "max", "max"],
      ["defaultRequest", "min", "default request", "defaultRequest"],
      ["default", "min", "default", "default"],
    ] as const
    for (const name of Object.keys(parts["min"]!)) {
      for (const [field, low, what, high] of order) {
        const [a, b] = [parts[low]![name], parts[high]![name]]
        if (a === undefined || b === undefined || parseQuantity(String(a)).compare(parseQuantity(String(b))) <= 0)
          continue
        const value = field === "defaultRequest" ? b : a
        errors.push(
          invalidField(
            `${path}.${field}[${name}]`,
            String(value),
            `min value ${String(a)} is greater than ${what} value ${String(b)}`,
          ),
        )
      }
    }
    return errors
  })
}
