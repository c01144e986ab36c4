// Source: k8s.io/kubernetes pkg/apis/core/validation: ValidateService, ValidateServiceUpdate.
import { duplicateField, forbiddenField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { itemsIn, listIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { dnsLabel, immutable, ipAddress, ipVersion, labels, oneOf, port, portName, structField } from "./checks.ts"

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
/** 10.96.0.0/12. */
const RANGE_TEXT = "10.96.0.0/12"
const RANGE_FIRST_OCTET = 10
const RANGE_SECOND_OCTETS = [96, 111] as const

export function validateService(service: UnknownObject): FieldError[] {
  const spec = objectIn(service, "spec")
  const type = textIn(spec, "type")
  const ports = itemsIn(spec, "ports")
  const isHeadless = spec["clusterIP"] === "None"
  const errors: FieldError[] = []
  if (ports.length === 0 && !isHeadless && type !== "ExternalName") errors.push(requiredField("spec.ports"))
  errors.push(...validatePorts(ports, type))
  errors.push(...labels("spec.selector", spec["selector"]))
  errors.push(...oneOf("spec.sessionAffinity", spec["sessionAffinity"], ["ClientIP", "None"]))
  errors.push(...validateAddresses(spec, type))
  for (const [i, address] of listIn(spec, "externalIPs").entries()) {
    errors.push(...ipAddress(`spec.externalIPs[${i}]`, String(address)))
  }
  errors.push(...oneOf("spec.type", type, TYPES))
  if (type === "ExternalName" && textIn(spec, "externalName") === "") errors.push(requiredField("spec.externalName"))
  return [...errors, ...validateTraffic(spec, type)]
}

function validatePorts(ports: readonly Json[], type: string): FieldError[] {
  const names = new Set<string>()
  const seen = new Set<string>()
  return ports.flatMap((item, i) => {
    const path = `spec.ports[${i}]`
    const name = textIn(item, "name")
    const number = numberIn(item, "port")
    const errors: FieldError[] = []
    if (name === "") {
      if (ports.length > 1) errors.push(requiredField(`${path}.name`))
    } else {
      errors.push(...dnsLabel(`${path}.name`, name))
      if (names.has(name)) errors.push(duplicateField(`${path}.name`, name))
      names.add(name)
    }
    errors.push(...port(`${path}.port`, number), ...oneOf(`${path}.protocol`, item["protocol"], ["SCTP", "TCP", "UDP"]))
    const target = item["targetPort"]
    errors.push(
      ...(typeof target === "string" ? portName(`${path}.targetPort`, target) : port(`${path}.targetPort`, target)),
    )
    const nodePort = numberIn(item, "nodePort")
    if (nodePort !== 0 && (type === "ClusterIP" || type === "ExternalName")) {
      errors.push(forbiddenField(`${path}.nodePort`, `may not be used when \`type\` is '${type}'`))
    }
    const key = `${textIn(item, "protocol")}/${number}`
    if (seen.has(key)) {
      const value = {
        Name: "",
        Protocol: textIn(item, "protocol"),
        AppProtocol: null,
        Port: number,
        TargetPort: 0,
        NodePort: 0,
      }
      errors.push(structField("Duplicate", path, value, ""))
    }
    seen.add(key)
    return errors
  })
}

function validateAddresses(spec: Json, type: string): FieldError[] {
  if (type === "ExternalName") {
    return textIn(spec, "clusterIP") === ""
      ? []
      : [forbiddenField("spec.clusterIPs[0]", "may not be set for ExternalName services")]
  }
  const addresses = listIn(spec, "clusterIPs").map(String)
  const errors: FieldError[] = []
  if (addresses[0] !== undefined && addresses[0] !== textIn(spec, "clusterIP")) {
    errors.push(invalidField("spec.clusterIPs", addresses, "first value must match `clusterIP`"))
  }
  if (spec["clusterIP"] === "None") {
    if (type === "NodePort" || type === "LoadBalancer") {
      errors.push(invalidField("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`))
    }
    return errors
  }
  for (const [i, address] of addresses.entries()) errors.push(...ipAddress(`spec.clusterIPs[${i}]`, address))
  const [first = ""] = addresses
  if (errors.length === 0 && ipVersion(first) === 4 && !isInRange(first)) {
    const why = `failed to allocate IP ${first}: the provided IP (${first}) is not in the valid range. The range of valid IPs is ${RANGE_TEXT}`
    errors.push(invalidField("spec.clusterIPs", addresses, why))
  }
  return errors
}

function isInRange(address: string): boolean {
  const [first, second] = address.split(".").map(Number)
  return first === RANGE_FIRST_OCTET && second! >= RANGE_SECOND_OCTETS[0] && second! <= RANGE_SECOND_OCTETS[1]
}

function validateTraffic(spec: Json, type: string): FieldError[] {
  const errors: FieldError[] = []
  const policy = textIn(spec, "externalTrafficPolicy")
  const isExternal = type === "NodePort" || type === "LoadBalancer" || listIn(spec, "externalIPs").length > 0
  if (policy !== "") {
    if (!isExternal) {
      errors.push(
        invalidField("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services"),
      )
    } else errors.push(...oneOf("spec.externalTrafficPolicy", policy, ["Cluster", "Local"]))
  }
  errors.push(...oneOf("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], ["Cluster", "Local"]))
  if (type !== "LoadBalancer") {
    for (const field of ["loadBalancerClass", "allocateLoadBalancerNodePorts"]) {
      if (spec[field] !== undefined) {
        errors.push(forbiddenField(`spec.${field}`, "may only be used when `type` is 'LoadBalancer'"))
      }
    }
  }
  return errors
}

export function validateServiceUpdate(service: UnknownObject, before: UnknownObject): FieldError[] {
  const [spec, old] = [objectIn(service, "spec"), objectIn(before, "spec")]
  const errors = validateService(service)
  if (spec["type"] === "ExternalName" || old["type"] === "ExternalName" || textIn(old, "clusterIP") === "")
    return errors
  if (spec["clusterIP"] === old["clusterIP"]) return errors
  const addresses = listIn(spec, "clusterIPs").map(String)
  return [
    ...errors,
    ...immutable("spec.clusterIPs[0]", addresses[0] ?? "", listIn(old, "clusterIPs")[0]).map((e) =>
      invalidField(e.field, addresses, "may not change once set"),
    ),
  ]
}
