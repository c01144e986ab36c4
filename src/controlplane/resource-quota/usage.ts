// What an object takes of a quota. Source: k8s.io/kubernetes pkg/quota/v1/evaluator/core.
import type { Pod, Service } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Quantity } from "#apimachinery/quantity.ts"
import { parseQuantity } from "#apimachinery/quantity.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { amountsOf, ONE, type Amounts } from "./amounts.ts"
import { podAmounts } from "./pod-amounts.ts"

export type Counted = { readonly group: string; readonly resource: string }

/** Resources that have a name in quotas beside `count/NAME`. */
const BY_NAME = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
])

/** @returns the name under which objects are counted: `count/pods`, `count/widgets.example.io` */
export const countName = ({ group, resource }: Counted) => `count/${group === "" ? resource : `${resource}.${group}`}`

const isCore = (counted: Counted, resource: string) => counted.group === "" && counted.resource === resource

/** @returns whether changes of such an object, and not only its being there, count */
export const changesCount = (counted: Counted): boolean =>
  isCore(counted, "pods") || isCore(counted, "services") || isCore(counted, "persistentvolumeclaims")

/** @param nowMs  a pod whose time to end has passed counts no more, whether or not a node still tells of it */
export function usageOf(counted: Counted, object: UnknownObject, nowMs: number): Map<string, Quantity> {
  const usage = new Map<string, Quantity>([[countName(counted), ONE]])
  if (isCore(counted, "pods")) {
    if (isCounted(object as Pod, nowMs)) addPod(usage, object as Pod)
    return usage
  }
  if (counted.group === "" && BY_NAME.has(counted.resource)) usage.set(counted.resource, ONE)
  if (isCore(counted, "services")) addService(usage, object as Service)
  if (isCore(counted, "persistentvolumeclaims")) addClaim(usage, object)
  return usage
}

function isCounted({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return false
  const endsMs = parseTimeMs(metadata.deletionTimestamp)
  return endsMs === undefined || nowMs <= endsMs + (metadata.deletionGracePeriodSeconds ?? 0) * 1000
}

function addPod(usage: Map<string, Quantity>, pod: Pod): void {
  usage.set("pods", ONE)
  for (const [name, amount] of computeNames(podAmounts(pod, "requests"), podAmounts(pod, "limits")))
    usage.set(name, amount)
}

/** Amounts under the names that quotas have for them: `cpu` and `requests.cpu` for what is asked for, `limits.cpu`. */
export function computeNames(requests: Amounts, limits: Amounts): Map<string, Quantity> {
  const named = new Map<string, Quantity>()
  for (const [name, amount] of requests) {
    const isNative =
      name === "cpu" || name === "memory" || name === "ephemeral-storage" || name.startsWith("hugepages-")
    if (isNative) named.set(name, amount)
    if (isNative || name.includes("/")) named.set(`requests.${name}`, amount)
  }
  for (const name of ["cpu", "memory", "ephemeral-storage"]) {
    const amount = limits.get(name)
    if (amount !== undefined) named.set(`limits.${name}`, amount)
  }
  return named
}

function addService(usage: Map<string, Quantity>, { spec }: Service): void {
  const ports = spec?.ports ?? []
  const withNode = ports.filter((port) => (port.nodePort ?? 0) !== 0).length
  if (spec?.type === "NodePort") usage.set("services.nodeports", parseQuantity(ports.length))
  if (spec?.type !== "LoadBalancer") return
  const allocates = spec["allocateLoadBalancerNodePorts"] !== false
  usage.set("services.loadbalancers", ONE)
  usage.set("services.nodeports", parseQuantity(allocates ? ports.length : withNode))
}

function addClaim(usage: Map<string, Quantity>, claim: UnknownObject): void {
  const spec = (claim["spec"] ?? {}) as {
    storageClassName?: string
    resources?: { requests?: Record<string, string> }
  }
  const wanted = amountsOf(spec.resources?.requests).get("storage")
  const ofClass = `${spec.storageClassName ?? ""}.storageclass.storage.k8s.io/`
  if (spec.storageClassName) usage.set(`${ofClass}persistentvolumeclaims`, ONE)
  if (wanted === undefined) return
  usage.set("requests.storage", wanted)
  if (spec.storageClassName) usage.set(`${ofClass}requests.storage`, wanted)
}

const POD_NAMES = new Set([
  "pods",
  "cpu",
  "memory",
  "ephemeral-storage",
  ...["cpu", "memory", "ephemeral-storage"].flatMap((name) => [`requests.${name}`, `limits.${name}`]),
])

/** @returns whether objects of the resource can take of what a quota calls `name` */
export function countsFor(counted: Counted, name: string): boolean {
  if (name === countName(counted)) return true
  if (isCore(counted, "pods")) {
    const isExtended = name.startsWith("requests.") && name.includes("/") && !name.includes(".storageclass.")
    return POD_NAMES.has(name) || isExtended || /^(requests\.)?hugepages-/.test(name)
  }
  if (counted.group !== "") return false
  if (isCore(counted, "services") && name.startsWith("services.")) return true
  if (isCore(counted, "persistentvolumeclaims")) {
    if (name === "requests.storage" || name.includes(".storageclass.storage.k8s.io/")) return true
  }
  return BY_NAME.has(counted.resource) && name === counted.resource
}
