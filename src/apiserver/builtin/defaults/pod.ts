// Defaults of pods and of what they are made of. Source: k8s.io/kubernetes pkg/apis/core/v1/defaults.go.
import {
  defaultTo,
  findObject,
  isAbsent,
  itemsIn,
  makeObject,
  numberIn,
  objectIn,
  textIn,
} from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { DefaultRule } from "#apiserver/builtin/typed-form.ts"

/** Read by everybody: 0644 in decimal. */
const FILE_MODE_DEFAULT = 420
const TERMINATION_GRACE_SECONDS_DEFAULT = 30

/** An image without a tag and without a digest means "latest", which is pulled each time. */
export function imagePullPolicyOf(image: string): "Always" | "IfNotPresent" {
  const name = image.slice(image.lastIndexOf("/") + 1)
  const at = name.indexOf("@")
  if (at >= 0) return name.slice(0, at).endsWith(":latest") ? "Always" : "IfNotPresent"
  const colon = name.indexOf(":")
  return colon < 0 || name.slice(colon + 1) === "latest" ? "Always" : "IfNotPresent"
}

function setContainer(container: Json): void {
  defaultTo(container, "imagePullPolicy", imagePullPolicyOf(textIn(container, "image")))
  defaultTo(container, "terminationMessagePath", "/dev/termination-log")
  defaultTo(container, "terminationMessagePolicy", "File")
}

function setPodSpec(spec: Json): void {
  defaultTo(spec, "dnsPolicy", "ClusterFirst")
  defaultTo(spec, "restartPolicy", "Always")
  defaultTo(spec, "securityContext", {})
  defaultTo(spec, "terminationGracePeriodSeconds", TERMINATION_GRACE_SECONDS_DEFAULT)
  defaultTo(spec, "schedulerName", "default-scheduler")
  // The old name of serviceAccountName is kept in step with it.
  const serviceAccount = spec["serviceAccountName"] ?? spec["serviceAccount"]
  if (typeof serviceAccount === "string" && serviceAccount !== "") {
    spec["serviceAccountName"] = serviceAccount
    spec["serviceAccount"] = serviceAccount
  }
  if (spec["hostNetwork"] === true) {
    for (const container of [...itemsIn(spec, "containers"), ...itemsIn(spec, "initContainers")]) {
      for (const port of itemsIn(container, "ports")) {
        if (numberIn(port, "hostPort") === 0) port["hostPort"] = port["containerPort"]
      }
    }
  }
}

function setPod(pod: Json): void {
  const spec = makeObject(pod, "spec")
  for (const container of [...itemsIn(spec, "containers"), ...itemsIn(spec, "initContainers")]) {
    const limits = findObject(container["resources"], "limits")
    if (limits === undefined || Object.keys(limits).length === 0) continue
    const requests = makeObject(makeObject(container, "resources"), "requests")
    for (const [name, value] of Object.entries(limits)) defaultTo(requests, name, value)
  }
  defaultTo(spec, "enableServiceLinks", true)
}

function setProbe(probe: Json): void {
  defaultTo(probe, "timeoutSeconds", 1)
  defaultTo(probe, "periodSeconds", 10)
  defaultTo(probe, "successThreshold", 1)
  defaultTo(probe, "failureThreshold", 3)
}

/** Fields of a volume that are not its source. */
const NO_SOURCE = new Set(["name"])

function setVolume(volume: Json): void {
  if (!Object.keys(volume).some((key) => !NO_SOURCE.has(key) && !isAbsent(volume[key]))) volume["emptyDir"] = {}
  const image = findObject(volume, "image")
  if (image !== undefined) defaultTo(image, "pullPolicy", imagePullPolicyOf(textIn(image, "reference")))
}

const setDefaultMode: DefaultRule = (source) => defaultTo(source, "defaultMode", FILE_MODE_DEFAULT)

export const POD_DEFAULTS: readonly (readonly [schema: string, rule: DefaultRule])[] = [
  ["io.k8s.api.core.v1.Pod", setPod],
  ["io.k8s.api.core.v1.PodSpec", setPodSpec],
  ["io.k8s.api.core.v1.Container", setContainer],
  ["io.k8s.api.core.v1.EphemeralContainer", setContainer],
  ["io.k8s.api.core.v1.Probe", setProbe],
  ["io.k8s.api.core.v1.Volume", setVolume],
  ["io.k8s.api.core.v1.SecretVolumeSource", setDefaultMode],
  ["io.k8s.api.core.v1.ConfigMapVolumeSource", setDefaultMode],
  ["io.k8s.api.core.v1.DownwardAPIVolumeSource", setDefaultMode],
  ["io.k8s.api.core.v1.ProjectedVolumeSource", setDefaultMode],
  ["io.k8s.api.core.v1.ServiceAccountTokenProjection", (source) => defaultTo(source, "expirationSeconds", 3600)],
  ["io.k8s.api.core.v1.HostPathVolumeSource", (source) => defaultTo(source, "type", "")],
  ["io.k8s.api.core.v1.ObjectFieldSelector", (selector) => defaultTo(selector, "apiVersion", "v1")],
  [
    "io.k8s.api.core.v1.HTTPGetAction",
    (action) => {
      defaultTo(action, "path", "/")
      defaultTo(action, "scheme", "HTTP")
    },
  ],
]

/** Whether the pod's containers ask for and are limited to the same, to something, or to nothing. Source: core/v1/helper/qos. */
export function qosClassOf(pod: Json): "Guaranteed" | "Burstable" | "BestEffort" {
  const spec = objectIn(pod, "spec")
  const containers = [...itemsIn(spec, "containers"), ...itemsIn(spec, "initContainers")]
  let asksAny = false
  let isGuaranteed = true
  for (const container of containers) {
    const requests = objectIn(container["resources"], "requests")
    const limits = objectIn(container["resources"], "limits")
    for (const name of ["cpu", "memory"]) {
      const request = isPositive(requests[name]) ? requests[name] : undefined
      const limit = isPositive(limits[name]) ? limits[name] : undefined
      if (request !== undefined || limit !== undefined) asksAny = true
      if (limit === undefined || (request !== undefined && request !== limit)) isGuaranteed = false
    }
  }
  if (!asksAny) return "BestEffort"
  return isGuaranteed ? "Guaranteed" : "Burstable"
}

const isPositive = (quantity: unknown) => quantity !== undefined && quantity !== null && quantity !== "0"
