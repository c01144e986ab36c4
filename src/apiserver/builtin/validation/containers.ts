// Source: k8s.io/kubernetes pkg/apis/core/validation: validateContainers and below.
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notFoundField,
  requiredField,
} from "#apimachinery/field-errors.ts"
import { isConfigMapKey, isDns1123Subdomain, isQualifiedName } from "#apimachinery/names.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import type { Quantity } from "#apimachinery/quantity.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { at, findObject, itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { dnsLabel, nonNegative, oneOf, port, portName } from "./checks.ts"
import { validateHandler, validateProbe } from "./probes.ts"

export type ContainerScope = {
  /** Names of the pod's volumes. */
  readonly volumes: ReadonlySet<string>
  readonly hostNetwork: boolean
  /** Names of containers that were looked at before. */
  readonly names: Set<string>
  readonly isInit: boolean
}

export function validateContainer(container: Json, path: string, scope: ContainerScope): FieldError[] {
  const name = textIn(container, "name")
  const image = textIn(container, "image")
  const errors = dnsLabel(`${path}.name`, name)
  if (errors.length === 0 && scope.names.has(name)) errors.push(duplicateField(`${path}.name`, name))
  scope.names.add(name)
  if (image === "") errors.push(requiredField(`${path}.image`))
  else if (image.trim() !== image) {
    errors.push(invalidField(`${path}.image`, image, "must not have leading or trailing whitespace"))
  }
  return [
    ...errors,
    ...validateLifecycle(container, path),
    ...validateProbes(container, path, scope),
    ...oneOf(`${path}.terminationMessagePolicy`, container["terminationMessagePolicy"], [
      "File",
      "FallbackToLogsOnError",
    ]),
    ...validatePorts(container, path, scope),
    ...validateEnv(itemsIn(container, "env"), `${path}.env`),
    ...validateEnvFrom(itemsIn(container, "envFrom"), `${path}.envFrom`),
    ...validateMounts(itemsIn(container, "volumeMounts"), `${path}.volumeMounts`, scope),
    ...oneOf(`${path}.imagePullPolicy`, container["imagePullPolicy"], ["Always", "IfNotPresent", "Never"]),
    ...validateResources(objectIn(container, "resources"), `${path}.resources`),
    ...validateSecurityContext(container, path),
  ]
}

function validateLifecycle(container: Json, path: string): FieldError[] {
  const lifecycle = objectIn(container, "lifecycle")
  return ["postStart", "preStop"].flatMap((hook) => {
    const handler = findObject(lifecycle, hook)
    return handler === undefined ? [] : validateHandler(handler, `${path}.lifecycle.${hook}`)
  })
}

function validateProbes(container: Json, path: string, scope: ContainerScope): FieldError[] {
  if (scope.isInit && container["restartPolicy"] !== "Always") {
    return ["livenessProbe", "readinessProbe", "startupProbe"]
      .filter((probe) => container[probe] !== undefined)
      .map((probe) =>
        forbiddenField(`${path}.${probe}`, "may not be set for init containers without restartPolicy=Always"),
      )
  }
  return ["livenessProbe", "readinessProbe", "startupProbe"].flatMap((name) => {
    const probe = findObject(container, name)
    if (probe === undefined) return []
    const errors = validateProbe(probe, `${path}.${name}`)
    const threshold = numberIn(probe, "successThreshold")
    if (name !== "readinessProbe" && threshold !== 1) {
      errors.push(invalidField(`${path}.${name}.successThreshold`, threshold, "must be 1"))
    }
    return errors
  })
}

function validatePorts(container: Json, path: string, scope: ContainerScope): FieldError[] {
  const names = new Set<string>()
  return itemsIn(container, "ports").flatMap((item, i) => {
    const field = `${path}.ports[${i}]`
    const errors: FieldError[] = []
    const name = textIn(item, "name")
    if (name !== "") {
      const problems = portName(`${field}.name`, name)
      errors.push(...problems)
      if (problems.length === 0 && names.has(name)) errors.push(duplicateField(`${field}.name`, name))
      names.add(name)
    }
    const number = numberIn(item, "containerPort")
    if (number === 0) errors.push(requiredField(`${field}.containerPort`))
    else errors.push(...port(`${field}.containerPort`, number))
    const hostPort = numberIn(item, "hostPort")
    if (hostPort !== 0) {
      errors.push(...port(`${field}.hostPort`, hostPort))
      if (scope.hostNetwork && hostPort !== number) {
        errors.push(
          invalidField(`${field}.hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true"),
        )
      }
    }
    return [...errors, ...oneOf(`${field}.protocol`, item["protocol"], ["SCTP", "TCP", "UDP"])]
  })
}

const ENV_NAME = /^[ -<>-~]+$/
const ENV_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
const FIELD_PATHS = new Set([
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
])
const SUBSCRIPTED = /^metadata\.(labels|annotations)\['[^']*'\]$/

function validateEnv(env: readonly Json[], path: string): FieldError[] {
  return env.flatMap((item, i) => {
    const field = `${path}[${i}]`
    const name = textIn(item, "name")
    const errors: FieldError[] = []
    if (name === "") errors.push(requiredField(`${field}.name`))
    else if (!ENV_NAME.test(name)) errors.push(invalidField(`${field}.name`, name, ENV_RULE))
    const source = findObject(item, "valueFrom")
    return source === undefined ? errors : [...errors, ...validateEnvSource(item, source, `${field}.valueFrom`)]
  })
}

const ENV_SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"]

function validateEnvSource(item: Json, source: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const used = ENV_SOURCES.filter((name) => source[name] !== undefined)
  for (const name of ["configMapKeyRef", "secretKeyRef"]) {
    const reference = findObject(source, name)
    if (reference === undefined) continue
    const target = textIn(reference, "name")
    const key = textIn(reference, "key")
    for (const p of isDns1123Subdomain(target)) errors.push(invalidField(`${path}.${name}.name`, target, p))
    if (key === "") errors.push(requiredField(`${path}.${name}.key`))
    else for (const p of isConfigMapKey(key)) errors.push(invalidField(`${path}.${name}.key`, key, p))
  }
  const fieldPath = at(source, "fieldRef", "fieldPath")
  if (source["fieldRef"] !== undefined) {
    const text = typeof fieldPath === "string" ? fieldPath : ""
    if (text === "") errors.push(requiredField(`${path}.fieldRef.fieldPath`))
    else if (!FIELD_PATHS.has(text) && !SUBSCRIPTED.test(text)) {
      const why = `error converting fieldPath: field label not supported: ${text}`
      errors.push(invalidField(`${path}.fieldRef.fieldPath`, text, why))
    }
  }
  if (used.length === 0) {
    const why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
    errors.push(invalidField(path, "", why))
  } else if (textIn(item, "value") !== "") {
    errors.push(invalidField(path, "", "may not be specified when `value` is not empty"))
  } else if (used.length > 1) {
    errors.push(invalidField(path, "", "may not have more than one field specified at a time"))
  }
  return errors
}

function validateEnvFrom(sources: readonly Json[], path: string): FieldError[] {
  return sources.flatMap((source, i) => {
    const errors: FieldError[] = []
    const prefix = textIn(source, "prefix")
    if (prefix !== "" && !ENV_NAME.test(prefix)) errors.push(invalidField(`${path}[${i}].prefix`, prefix, ENV_RULE))
    const used = ["configMapRef", "secretRef"].filter((name) => source[name] !== undefined)
    for (const name of used) {
      const target = textIn(source[name], "name")
      for (const p of isDns1123Subdomain(target)) errors.push(invalidField(`${path}[${i}].${name}.name`, target, p))
    }
    // Upstream names the list here, not its item.
    if (used.length === 0) errors.push(invalidField(path, "", "must specify one of: `configMapRef` or `secretRef`"))
    if (used.length > 1) errors.push(invalidField(path, "", "may not have more than one field specified at a time"))
    return errors
  })
}

function validateMounts(mounts: readonly Json[], path: string, scope: ContainerScope): FieldError[] {
  const paths = new Set<string>()
  return mounts.flatMap((mount, i) => {
    const field = `${path}[${i}]`
    const name = textIn(mount, "name")
    const mountPath = textIn(mount, "mountPath")
    const errors: FieldError[] = []
    if (name === "") errors.push(requiredField(`${field}.name`))
    if (!scope.volumes.has(name)) errors.push(notFoundField(`${field}.name`, name))
    if (mountPath === "") errors.push(requiredField(`${field}.mountPath`))
    if (paths.has(mountPath)) errors.push(invalidField(`${field}.mountPath`, mountPath, "must be unique"))
    paths.add(mountPath)
    return errors
  })
}

const STANDARD_RESOURCES = new Set(["cpu", "memory", "ephemeral-storage", "storage"])
const isOvercommitAllowed = (name: string) => !name.includes("/") && !name.startsWith("hugepages-")

function parse(value: unknown): Quantity | undefined {
  try {
    return parseQuantity(value as string)
  } catch {
    return undefined
  }
}

function validateAmount(name: string, value: unknown, path: string): FieldError[] {
  const field = `${path}[${name}]`
  const errors: FieldError[] = []
  for (const p of isQualifiedName(name)) errors.push(invalidField(field, name, p))
  if (errors.length === 0 && !name.includes("/") && !STANDARD_RESOURCES.has(name) && !name.startsWith("hugepages-")) {
    errors.push(invalidField(field, name, "must be a standard resource type or fully qualified"))
    errors.push(invalidField(field, name, "must be a standard resource for containers"))
  }
  const quantity = parse(value)
  if (quantity !== undefined && quantity.compare(ZERO) < 0) {
    errors.push(invalidField(field, String(value), "must be greater than or equal to 0"))
  }
  return errors
}

const ZERO = parseQuantity("0")

export function validateResources(resources: Json, path: string): FieldError[] {
  const limits = objectIn(resources, "limits")
  const requests = objectIn(resources, "requests")
  const errors = Object.entries(limits).flatMap(([name, value]) => validateAmount(name, value, `${path}.limits`))
  for (const [name, value] of Object.entries(requests)) {
    errors.push(...validateAmount(name, value, `${path}.requests`))
    const [request, limit] = [parse(value), parse(limits[name])]
    if (request === undefined) continue
    if (limit === undefined) {
      if (!isOvercommitAllowed(name))
        errors.push(requiredField(`${path}.limits`, "Limit must be set for non overcommitable resources"))
    } else if (!isOvercommitAllowed(name) && request.compare(limit) !== 0) {
      errors.push(
        invalidField(`${path}.requests`, String(value), `must be equal to ${name} limit of ${String(limits[name])}`),
      )
    } else if (request.compare(limit) > 0) {
      errors.push(
        invalidField(
          `${path}.requests`,
          String(value),
          `must be less than or equal to ${name} limit of ${String(limits[name])}`,
        ),
      )
    }
  }
  return errors
}

function validateSecurityContext(container: Json, path: string): FieldError[] {
  const context = findObject(container, "securityContext")
  if (context === undefined) return []
  const field = `${path}.securityContext`
  const errors = nonNegative(context, field, "runAsUser", "runAsGroup")
  if (context["allowPrivilegeEscalation"] !== false) return errors
  if (context["privileged"] === true) {
    errors.push(invalidField(field, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
  }
  if (listIn(context["capabilities"], "add").includes("CAP_SYS_ADMIN")) {
    const why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
    errors.push(invalidField(field, context, why))
  }
  return errors
}
