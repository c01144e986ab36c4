// Addresses and ports of services. Source: k8s.io/kubernetes pkg/registry/core/service.
import type { UnknownObject } from "#apimachinery/meta.ts"
import { itemsIn, listIn, makeObject, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { randomInt } from "#lib/random.ts"
import type { Random } from "#lib/random.ts"
import type { KindStrategy } from "./kinds.ts"

/** 10.96.0.0/12 without its first addresses, which are kept for those who choose one themselves. */
const CLUSTER_IP_FIRST = 0x0a60_0000 + 256
const CLUSTER_IP_COUNT = (1 << 20) - 512
const NODE_PORT_FIRST = 30_000
const NODE_PORT_COUNT = 2768
const ATTEMPTS_MAX = 64
const ALLOCATED = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]

export type ServiceAllocation = {
  readonly random: Random
  /** Without it nothing is checked for being taken. */
  readonly reader?: (() => ObjectReader) | undefined
}

export function newServiceStrategy(allocation: ServiceAllocation): KindStrategy {
  const allocate = (service: UnknownObject) => {
    const spec = makeObject(service, "spec")
    if (spec["type"] !== "ExternalName") allocateAddress(spec, allocation)
    if (
      spec["type"] === "NodePort" ||
      (spec["type"] === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false)
    ) {
      allocateNodePorts(spec, allocation)
    }
  }
  return {
    prepareForCreate: allocate,
    prepareForUpdate(service, before, { subresource }) {
      if (subresource === "status") return
      keepAllocations(service, before)
      allocate(service)
    },
    warnings: serviceWarnings,
  }
}

/** Fields that do nothing for the service's type. */
function serviceWarnings({ spec }: UnknownObject): string[] {
  const isExternalName = textIn(spec, "type") === "ExternalName"
  const warnings: string[] = []
  if (isExternalName && listIn(spec, "externalIPs").length > 0) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  }
  if (!isExternalName && textIn(spec, "externalName") !== "") {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  }
  return warnings
}

const storedServices = ({ reader }: ServiceAllocation) => reader?.().list({ group: "", resource: "services" }) ?? []

function allocateAddress(spec: Json, allocation: ServiceAllocation): void {
  if (textIn(spec, "clusterIP") === "" && typeof listIn(spec, "clusterIPs")[0] === "string") {
    spec["clusterIP"] = listIn(spec, "clusterIPs")[0]
  }
  if (textIn(spec, "clusterIP") === "") {
    const taken = new Set(storedServices(allocation).map((s) => textIn(s["spec"], "clusterIP")))
    spec["clusterIP"] = draw(
      () => addressText(CLUSTER_IP_FIRST + randomInt(allocation.random, CLUSTER_IP_COUNT)),
      taken,
    )
  }
  if (listIn(spec, "clusterIPs").length === 0) spec["clusterIPs"] = [spec["clusterIP"]]
  const isHeadlessWithoutSelector = spec["clusterIP"] === "None" && Object.keys(objectIn(spec, "selector")).length === 0
  spec["ipFamilyPolicy"] ??= isHeadlessWithoutSelector ? "RequireDualStack" : "SingleStack"
  if (listIn(spec, "ipFamilies").length === 0) {
    const isSixth = textIn(spec, "clusterIP").includes(":")
    spec["ipFamilies"] = isHeadlessWithoutSelector ? ["IPv4", "IPv6"] : [isSixth ? "IPv6" : "IPv4"]
  }
}

function allocateNodePorts(spec: Json, allocation: ServiceAllocation): void {
  const missing = itemsIn(spec, "ports").filter((port) => numberIn(port, "nodePort") === 0)
  if (missing.length === 0) return
  const taken = new Set<number>()
  for (const service of storedServices(allocation)) {
    for (const port of itemsIn(service["spec"], "ports")) taken.add(numberIn(port, "nodePort"))
  }
  for (const port of missing) {
    const chosen = draw(() => NODE_PORT_FIRST + randomInt(allocation.random, NODE_PORT_COUNT), taken)
    taken.add(chosen)
    port["nodePort"] = chosen
  }
}

/** A value that nobody has. With nearly all taken the last one drawn is returned: a free one is then not to be found by chance. */
function draw<T>(next: () => T, taken: ReadonlySet<T>): T {
  let value = next()
  for (let attempt = 1; attempt < ATTEMPTS_MAX && taken.has(value); attempt++) value = next()
  return value
}

const addressText = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")

/** An update that leaves out what the server has chosen means the same as before. */
function keepAllocations(service: UnknownObject, before: UnknownObject): void {
  const spec = makeObject(service, "spec")
  const old = objectIn(before, "spec")
  if (!isReachableFromOutside(spec)) dropUnchanged(spec, old, ["externalTrafficPolicy"])
  if (spec["type"] === "ExternalName") {
    if (old["type"] !== "ExternalName") dropUnchanged(spec, old, [...ALLOCATED, "internalTrafficPolicy"])
    return
  }
  if (old["type"] === "ExternalName") return
  for (const field of ALLOCATED) spec[field] ??= old[field]
  const hasPorts = spec["type"] === "NodePort" || spec["type"] === "LoadBalancer"
  for (const port of itemsIn(spec, "ports")) {
    const same = itemsIn(old, "ports").find((p) => p["port"] === port["port"] && p["protocol"] === port["protocol"])
    const nodePort = numberIn(same, "nodePort")
    if (nodePort === 0) continue
    if (hasPorts) port["nodePort"] ??= nodePort
    else if (port["nodePort"] === nodePort) delete port["nodePort"]
  }
  if (spec["type"] !== "LoadBalancer") {
    dropUnchanged(spec, old, ["allocateLoadBalancerNodePorts", "loadBalancerClass"])
    service["status"] = { loadBalancer: {} }
  }
}

const isReachableFromOutside = (spec: Json) =>
  spec["type"] === "NodePort" ||
  spec["type"] === "LoadBalancer" ||
  (spec["type"] === "ClusterIP" && listIn(spec, "externalIPs").length > 0)

/** A field that only made sense for the old type goes, unless it was changed too: then validation says so. */
function dropUnchanged(spec: Json, old: Json, fields: readonly string[]): void {
  for (const field of fields) {
    if (JSON.stringify(spec[field]) === JSON.stringify(old[field])) delete spec[field]
  }
}
