// Fields that field selectors may name besides the name and namespace. Source: each kind's ToSelectableFields and
// AddFieldLabelConversionFunc in k8s.io/kubernetes pkg/registry and pkg/apis.
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { at, itemsIn, textIn } from "./fields.ts"

type Fields = ResourceInfo["selectableFields"]
type Reader = (object: UnknownObject) => string

const NONE: Fields = new Map()

/** Reads a scalar as text; `absent` stands for a value that isn't there. */
const scalar =
  (path: string, absent = ""): Reader =>
  (object) => {
    const value = at(object, ...path.split("."))
    return value === undefined || value === null ? absent : String(value)
  }

const fields = (...entries: (string | readonly [string, Reader])[]): Fields =>
  new Map(entries.map((e) => (typeof e === "string" ? [e, scalar(e)] : e)))

const involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] as const

const FIELDS: { readonly [groupResource: string]: Fields } = {
  "/pods": fields(
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    ["spec.hostNetwork", scalar("spec.hostNetwork", "false")],
    "status.phase",
    ["status.podIP", podIp],
    ["status.podIPs", podIp],
    "status.nominatedNodeName",
  ),
  "/events": fields(
    ...involved.map((f) => `involvedObject.${f}`),
    "reason",
    "reportingComponent",
    ["source", (event) => textIn(event["source"], "component") || textIn(event, "reportingComponent")],
    "type",
  ),
  // They are stored as core/v1 Events.
  "events.k8s.io/events": fields(
    ...involved.map((f) => [`regarding.${f}`, scalar(`involvedObject.${f}`)] as const),
    "reason",
    ["reportingController", scalar("reportingComponent")],
    "type",
  ),
  "/secrets": fields("type"),
  "/namespaces": fields("status.phase"),
  "/nodes": fields(["spec.unschedulable", scalar("spec.unschedulable", "false")]),
  "/services": fields("spec.clusterIP", "spec.type"),
  "/replicationcontrollers": fields(["status.replicas", scalar("status.replicas", "0")]),
  "apps/replicasets": fields(["status.replicas", scalar("status.replicas", "0")]),
  "batch/jobs": fields(["status.successful", scalar("status.succeeded", "0")]),
  "certificates.k8s.io/certificatesigningrequests": fields("spec.signerName"),
  "resource.k8s.io/resourceslices": fields("spec.nodeName", "spec.driver"),
}

function podIp(pod: UnknownObject): string {
  return textIn(itemsIn(pod["status"], "podIPs")[0], "ip") || textIn(pod["status"], "podIP")
}

export function selectableFieldsOf(group: string, resource: string): Fields {
  return FIELDS[`${group}/${resource}`] ?? NONE
}
