import type { UnknownObject } from "#apimachinery/meta.ts"
import { findObject, itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import { labelsAt, NONE, selectorAt, shortList, textAt, UNSET } from "./cells.ts"
import type { Cells } from "./cells.ts"

const SHOWN_MAX = 3

/** Addresses of a load balancer, sorted. */
function balancerText(object: UnknownObject): string {
  const ingress = itemsIn(objectIn(object["status"], "loadBalancer"), "ingress")
  const addresses = ingress.map((i) => textIn(i, "ip") || textIn(i, "hostname")).filter((a) => a !== "")
  return [...new Set(addresses)].sort().join(",")
}

function externalAddressOf(service: UnknownObject): string {
  const spec = objectIn(service, "spec")
  const external = listIn(spec, "externalIPs").join(",")
  switch (spec["type"]) {
    case "ClusterIP":
    case "NodePort":
      return external || NONE
    case "LoadBalancer":
      return [balancerText(service), external].filter((a) => a !== "").join(",") || "<pending>"
    case "ExternalName":
      return textIn(spec, "externalName")
    default:
      return "<unknown>"
  }
}

function portsOf(service: UnknownObject): string {
  const ports = itemsIn(service["spec"], "ports").map((port) => {
    const nodePort = numberIn(port, "nodePort")
    return `${numberIn(port, "port")}${nodePort > 0 ? `:${nodePort}` : ""}/${textIn(port, "protocol")}`
  })
  return ports.join(",") || NONE
}

const addressAndPort = (ip: string, port: number) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)

function endpointsOf(endpoints: UnknownObject): string {
  const subsets = itemsIn(endpoints, "subsets")
  if (subsets.length === 0) return NONE
  const all = subsets.flatMap((subset) => {
    const addresses = itemsIn(subset, "addresses").map((a) => textIn(a, "ip"))
    const ports = itemsIn(subset, "ports")
    if (ports.length === 0) return addresses
    return ports.flatMap((port) => addresses.map((ip) => addressAndPort(ip, numberIn(port, "port"))))
  })
  return shortList(all, SHOWN_MAX)
}

function hostsOf(ingress: UnknownObject): string {
  const rules = itemsIn(ingress["spec"], "rules")
  const hosts = rules
    .slice(0, SHOWN_MAX)
    .map((r) => textIn(r, "host"))
    .filter((h) => h !== "")
  if (hosts.length === 0) return "*"
  return rules.length > SHOWN_MAX ? `${hosts.join(",")} + ${rules.length - SHOWN_MAX} more...` : hosts.join(",")
}

export const NETWORK_CELLS: { readonly [kind: string]: Cells } = {
  Service: {
    Type: textAt("spec.type"),
    "Cluster-IP": (service) => {
      const first = listIn(service["spec"], "clusterIPs")[0]
      return typeof first === "string" ? first : NONE
    },
    "External-IP": externalAddressOf,
    "Port(s)": portsOf,
    Selector: labelsAt("spec.selector"),
  },
  Endpoints: { Endpoints: endpointsOf },
  EndpointSlice: {
    AddressType: textAt("addressType"),
    Ports: (slice) => {
      const ports = itemsIn(slice, "ports").map((p) => String(p["port"] ?? p["name"] ?? "*"))
      return shortList(ports, SHOWN_MAX) || UNSET
    },
    Endpoints: (slice) => {
      const addresses = itemsIn(slice, "endpoints").flatMap((e) => listIn(e, "addresses").map(String))
      return shortList(addresses, SHOWN_MAX) || UNSET
    },
  },
  Ingress: {
    Class: textAt("spec.ingressClassName", NONE),
    Hosts: hostsOf,
    Address: balancerText,
    Ports: (ingress) => (listIn(ingress["spec"], "tls").length > 0 ? "80, 443" : "80"),
  },
  IngressClass: {
    Controller: textAt("spec.controller"),
    Parameters: (ingressClass) => {
      const parameters = findObject(ingressClass["spec"], "parameters")
      if (parameters === undefined) return NONE
      const group = textIn(parameters, "apiGroup")
      return `${textIn(parameters, "kind")}${group === "" ? "" : `.${group}`}/${textIn(parameters, "name")}`
    },
  },
  NetworkPolicy: { "Pod-Selector": selectorAt("spec.podSelector") },
  ServiceCIDR: { CIDRs: (object) => listIn(object["spec"], "cidrs").join(",") },
  IPAddress: {
    ParentRef: (address) => {
      const parent = findObject(address["spec"], "parentRef")
      if (parent === undefined) return NONE
      const group = textIn(parent, "group")
      const resource = `${textIn(parent, "resource")}${group === "" ? "" : `.${group}`}`.toLowerCase()
      return [resource, textIn(parent, "namespace"), textIn(parent, "name")].filter((p) => p !== "").join("/")
    },
  },
}
