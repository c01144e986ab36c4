// Source: k8s.io/kubernetes pkg/apis/{networking,discovery,core}/validation.
import { forbiddenField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import {
  cidr,
  dnsLabel,
  dnsSubdomain,
  immutable,
  ipAddress,
  ipVersion,
  labelSelector,
  oneOf,
  port,
  portName,
  portOrName,
} from "./checks.ts"

const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]

export function validateIngress(ingress: UnknownObject): FieldError[] {
  const spec = objectIn(ingress, "spec")
  const rules = itemsIn(spec, "rules")
  const backend = findObject(spec, "defaultBackend")
  const errors: FieldError[] = []
  if (rules.length === 0 && backend === undefined) {
    const value = Object.keys(spec).length === 0 ? null : spec
    errors.push(invalidField("spec", value, "either `defaultBackend` or `rules` must be specified"))
  }
  if (backend !== undefined) errors.push(...validateBackend(backend, "spec.defaultBackend"))
  for (const [i, rule] of rules.entries()) errors.push(...validateRule(rule, `spec.rules[${i}]`))
  return [...errors, ...dnsSubdomain("spec.ingressClassName", spec["ingressClassName"])]
}

function validateRule(rule: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const host = textIn(rule, "host")
  if (ipVersion(host) !== 0) errors.push(invalidField(`${path}.host`, host, "must be a DNS name, not an IP address"))
  else errors.push(...dnsSubdomain(`${path}.host`, host.replace(/^\*\./, "")))
  const http = findObject(rule, "http")
  if (http === undefined) return errors
  const paths = itemsIn(http, "paths")
  if (paths.length === 0) errors.push(requiredField(`${path}.http.paths`))
  return [...errors, ...paths.flatMap((item, i) => validatePath(item, `${path}.http.paths[${i}]`))]
}

function validatePath(item: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const type = item["pathType"]
  const value = textIn(item, "path")
  if (type === undefined) errors.push(requiredField(`${path}.pathType`, "pathType must be specified"))
  else if (!PATH_TYPES.includes(String(type))) errors.push(...oneOf(`${path}.pathType`, type, PATH_TYPES))
  else if ((type !== "ImplementationSpecific" || value !== "") && !value.startsWith("/")) {
    errors.push(invalidField(`${path}.path`, value, "must be an absolute path"))
  }
  return [...errors, ...validateBackend(objectIn(item, "backend"), `${path}.backend`)]
}

function validateBackend(backend: Json, path: string): FieldError[] {
  const [resource, service] = [findObject(backend, "resource"), findObject(backend, "service")]
  if (resource !== undefined && service !== undefined) {
    return [invalidField(path, "", "cannot set both resource and service backends")]
  }
  if (resource !== undefined) return []
  if (service === undefined) return [invalidField(path, "", "resource or service backend is required")]
  const errors: FieldError[] = []
  const name = textIn(service, "name")
  if (name === "") errors.push(requiredField(`${path}.service.name`))
  const target = objectIn(service, "port")
  const [portLabel, number] = [textIn(target, "name"), numberIn(target, "number")]
  if (portLabel !== "" && number !== 0) {
    errors.push(invalidField(path, "", "cannot set both port name & port number"))
  } else if (portLabel !== "") errors.push(...portName(`${path}.service.port.name`, portLabel))
  else if (number !== 0) errors.push(...port(`${path}.service.port.number`, number))
  else errors.push(requiredField(path, "port name or number is required"))
  return errors
}

export function validateNetworkPolicy(policy: UnknownObject): FieldError[] {
  const spec = objectIn(policy, "spec")
  const errors = labelSelector("spec.podSelector", spec["podSelector"])
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    for (const [i, rule] of itemsIn(spec, direction).entries()) {
      const path = `spec.${direction}[${i}]`
      for (const [j, item] of itemsIn(rule, "ports").entries())
        errors.push(...validatePolicyPort(item, `${path}.ports[${j}]`))
      for (const [j, peer] of itemsIn(rule, peers).entries())
        errors.push(...validatePeer(peer, `${path}.${peers}[${j}]`))
    }
  }
  for (const [i, type] of listIn(spec, "policyTypes").entries()) {
    errors.push(...oneOf(`spec.policyTypes[${i}]`, type, ["Ingress", "Egress"]))
  }
  return errors
}

function validatePolicyPort(item: Json, path: string): FieldError[] {
  return [
    ...oneOf(`${path}.protocol`, item["protocol"], ["TCP", "UDP", "SCTP"]),
    ...(item["port"] === undefined ? [] : portOrName(`${path}.port`, item["port"])),
  ]
}

function validatePeer(peer: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  for (const name of ["podSelector", "namespaceSelector"]) {
    if (findObject(peer, name) === undefined) continue
    errors.push(...labelSelector(`${path}.${name}`, peer[name]))
    count++
  }
  const block = findObject(peer, "ipBlock")
  if (block !== undefined) {
    errors.push(...cidr(`${path}.ipBlock.cidr`, textIn(block, "cidr")))
    if (count > 0) errors.push(forbiddenField(path, "may not specify both ipBlock and another peer"))
  } else if (count === 0) errors.push(requiredField(path, "must specify a peer"))
  return errors
}

export function validateEndpoints(endpoints: UnknownObject): FieldError[] {
  return itemsIn(endpoints, "subsets").flatMap((subset, i) => {
    const path = `subsets[${i}]`
    const errors: FieldError[] = []
    if (itemsIn(subset, "addresses").length === 0 && itemsIn(subset, "notReadyAddresses").length === 0) {
      errors.push(requiredField(path, "must specify `addresses` or `notReadyAddresses`"))
    }
    for (const list of ["addresses", "notReadyAddresses"]) {
      for (const [j, address] of itemsIn(subset, list).entries()) {
        const [field, ip] = [`${path}.${list}[${j}].ip`, textIn(address, "ip")]
        const wrong = ipAddress(field, ip)
        errors.push(...wrong)
        // Told twice: once as an address, once as one that endpoints may have.
        if (wrong.length > 0) errors.push(invalidField(field, ip, "must be a valid IP address"))
      }
    }
    const ports = itemsIn(subset, "ports")
    return [
      ...errors,
      ...ports.flatMap((item, j) => validateEndpointPort(item, `${path}.ports[${j}]`, ports.length > 1)),
    ]
  })
}

function validateEndpointPort(item: Json, path: string, nameRequired: boolean): FieldError[] {
  const name = textIn(item, "name")
  return [
    ...(nameRequired && name === ""
      ? [requiredField(`${path}.name`)]
      : name === ""
        ? []
        : dnsLabel(`${path}.name`, name)),
    ...port(`${path}.port`, item["port"]),
    ...oneOf(`${path}.protocol`, item["protocol"], ["SCTP", "TCP", "UDP"]),
  ]
}

const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"]

export function validateEndpointSlice(slice: UnknownObject): FieldError[] {
  const type = textIn(slice, "addressType")
  const known = ADDRESS_TYPES.includes(type)
  const errors: FieldError[] = type === "" ? [requiredField("addressType")] : oneOf("addressType", type, ADDRESS_TYPES)
  for (const [i, endpoint] of itemsIn(slice, "endpoints").entries()) {
    const addresses = listIn(endpoint, "addresses").map(String)
    const path = `endpoints[${i}].addresses`
    if (addresses.length === 0) errors.push(requiredField(path, "must contain at least 1 address"))
    for (const [j, address] of known ? addresses.entries() : []) {
      errors.push(...(type === "FQDN" ? dnsSubdomain(`${path}[${j}]`, address) : ipAddress(`${path}[${j}]`, address)))
    }
  }
  for (const [i, item] of itemsIn(slice, "ports").entries()) {
    errors.push(...oneOf(`ports[${i}].protocol`, item["protocol"], ["SCTP", "TCP", "UDP"]))
  }
  return errors
}

export function validateEndpointSliceUpdate(slice: UnknownObject, before: UnknownObject): FieldError[] {
  return [...validateEndpointSlice(slice), ...immutable("addressType", slice["addressType"], before["addressType"])]
}
