import { hostPort } from "#lib/outbound.ts"
import { randomInt, type Random } from "#lib/random.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { notFound } from "#apimachinery/status-error.ts"
import { itemsIn, numberIn, objectIn, textIn, type Json } from "#apiserver/builtin/fields.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"

export type ServiceReference = { readonly namespace: string; readonly name: string; readonly port: number }
export type Address = { readonly host: string; readonly port: number }

/** Where one of a Service's endpoints listens. @throws Error that says in upstream's words why there is none */
export type ServiceResolver = (service: ServiceReference) => Address

const SERVICES = { group: "", resource: "services" }
const ENDPOINTS = { group: "", resource: "endpoints" }
const SLICES = { group: "discovery.k8s.io", resource: "endpointslices" }
const TYPES = ["", "ClusterIP", "LoadBalancer", "NodePort"]

/**
 * Finds a ready endpoint in the Service's EndpointSlices, or in its Endpoints where nobody makes slices. Nothing here routes
 * cluster addresses, so an endpoint is asked itself. Source: k8s.io/apiserver util/proxy.ResolveEndpoint, ResolveCluster.
 */
export function newServiceResolver(reader: ObjectReader, random: Random): ServiceResolver {
  return ({ namespace, name, port }) => {
    const service = reader.get(SERVICES, namespace, name)
    if (service === undefined) throw new Error(notFound({ group: "", resource: "service" }, name).message)
    const type = textIn(service["spec"], "type")
    // A name of somewhere else: its port is whatever is asked for.
    if (type === "ExternalName") return { host: textIn(service["spec"], "externalName"), port }
    if (!TYPES.includes(type)) throw new Error(`unsupported service type ${JSON.stringify(type)}`)
    const found = itemsIn(service["spec"], "ports").find((p) => p["port"] === port)
    if (found === undefined) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
    const portName = textIn(found, "name")
    const addresses = [
      ...ofSlices(reader, namespace, name, portName),
      ...ofEndpoints(reader, namespace, name, portName),
    ]
    if (addresses.length === 0) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
    return addresses[randomInt(random, addresses.length)]!
  }
}

function ofSlices(reader: ObjectReader, namespace: string, service: string, portName: string): Address[] {
  const slices = reader.list(SLICES, namespace).filter((slice) => ownerOf(slice) === service)
  return slices.flatMap((slice) => {
    const port = itemsIn(slice, "ports").find((p) => textIn(p, "name") === portName)
    if (port === undefined || port["port"] === undefined) return []
    return itemsIn(slice, "endpoints")
      .filter((endpoint) => objectIn(endpoint, "conditions")["ready"] !== false)
      .flatMap((endpoint) => addressOf((endpoint["addresses"] as string[] | undefined)?.[0], port))
  })
}

const ownerOf = (slice: UnknownObject) => slice.metadata.labels?.["kubernetes.io/service-name"]

function ofEndpoints(reader: ObjectReader, namespace: string, service: string, portName: string): Address[] {
  const endpoints = reader.get(ENDPOINTS, namespace, service)
  return itemsIn(endpoints, "subsets").flatMap((subset) => {
    const port = itemsIn(subset, "ports").find((p) => textIn(p, "name") === portName)
    if (port === undefined) return []
    return itemsIn(subset, "addresses").flatMap((address) => addressOf(textIn(address, "ip"), port))
  })
}

const addressOf = (host: string | undefined, port: Json): Address[] =>
  host === undefined || host === "" ? [] : [{ host, port: numberIn(port, "port") }]

/** `https://hook.default.svc:443` */
export const serviceOrigin = ({ namespace, name, port }: ServiceReference) =>
  `https://${hostPort(serviceHost({ namespace, name }), port)}`

export const serviceHost = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  `${name}.${namespace}.svc`
