import type { UnknownObject } from "#apimachinery/meta.ts"
import { at, findObject, itemsIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import { countAt, NONE, since, textAt, UNKNOWN } from "./cells.ts"
import type { Cells } from "./cells.ts"

const ROLE_LABEL_PREFIX = "node-role.kubernetes.io/"
const ROLE_LABEL = "kubernetes.io/role"

function nodeStatusOf(node: UnknownObject): string {
  const ready = itemsIn(node["status"], "conditions").find((c) => c["type"] === "Ready")
  const status = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady"
  return at(node, "spec", "unschedulable") === true ? `${status},SchedulingDisabled` : status
}

function rolesOf(node: UnknownObject): string {
  const roles = new Set<string>()
  for (const [label, value] of Object.entries(node.metadata.labels ?? {})) {
    if (label.startsWith(ROLE_LABEL_PREFIX)) roles.add(label.slice(ROLE_LABEL_PREFIX.length))
    else if (label === ROLE_LABEL) roles.add(value)
  }
  roles.delete("")
  return [...roles].sort().join(",") || NONE
}

const addressOf = (type: string) => (node: UnknownObject) =>
  textIn(
    itemsIn(node["status"], "addresses").find((a) => a["type"] === type),
    "address",
  ) || NONE

/** Both views of events: core/v1 and events.k8s.io/v1 call some fields differently. */
function eventFields(event: UnknownObject) {
  const involved = findObject(event, "involvedObject") ?? objectIn(event, "regarding")
  const source = findObject(event, "source") ?? objectIn(event, "deprecatedSource")
  const series = findObject(event, "series")
  const component =
    textIn(source, "component") || textIn(event, "reportingComponent") || textIn(event, "reportingController")
  const host = textIn(source, "host") || textIn(event, "reportingInstance")
  return {
    involved,
    series,
    source: host === "" ? component : `${component}, ${host}`,
    first: textIn(event, "firstTimestamp") || textIn(event, "deprecatedFirstTimestamp") || textIn(event, "eventTime"),
    last: textIn(event, "lastTimestamp") || textIn(event, "deprecatedLastTimestamp"),
    count: numberIn(series, "count") || numberIn(event, "count") || numberIn(event, "deprecatedCount") || 1,
    message: (textIn(event, "message") || textIn(event, "note")).trim(),
  }
}

const EVENT_CELLS: Cells = {
  "Last Seen": (event, nowMs) => {
    const { series, last, first } = eventFields(event)
    return since(series === undefined ? last || first : series["lastObservedTime"], nowMs)
  },
  Type: textAt("type"),
  Reason: textAt("reason"),
  Object: (event) => {
    const { involved } = eventFields(event)
    const kind = textIn(involved, "kind").toLowerCase()
    const name = textIn(involved, "name")
    return name === "" ? kind : `${kind}/${name}`
  },
  Subobject: (event) => textIn(eventFields(event).involved, "fieldPath"),
  Source: (event) => eventFields(event).source,
  Message: (event) => eventFields(event).message,
  "First Seen": (event, nowMs) => since(eventFields(event).first, nowMs),
  Count: (event) => eventFields(event).count,
}

/** Requests and limits of a quota stand in two columns. */
const quotaText = (isLimit: boolean) => (quota: UnknownObject) => {
  const hard = objectIn(quota["status"], "hard")
  const used = objectIn(quota["status"], "used")
  return Object.keys(hard)
    .filter((name) => name.startsWith("limits.") === isLimit)
    .sort()
    .map((name) => `${name}: ${String(used[name] ?? "0")}/${String(hard[name])}`)
    .join(", ")
}

function healthOf(component: UnknownObject) {
  return itemsIn(component, "conditions").find((c) => c["type"] === "Healthy")
}

export const CORE_CELLS: { readonly [kind: string]: Cells } = {
  ConfigMap: {
    Data: (map) => Object.keys(objectIn(map, "data")).length + Object.keys(objectIn(map, "binaryData")).length,
  },
  Secret: { Type: textAt("type"), Data: countAt("data") },
  Namespace: { Status: textAt("status.phase") },
  Node: {
    Status: nodeStatusOf,
    Roles: rolesOf,
    Version: textAt("status.nodeInfo.kubeletVersion"),
    "Internal-IP": addressOf("InternalIP"),
    "External-IP": addressOf("ExternalIP"),
    "OS-Image": textAt("status.nodeInfo.osImage", UNKNOWN),
    "Kernel-Version": textAt("status.nodeInfo.kernelVersion", UNKNOWN),
    "Container-Runtime": textAt("status.nodeInfo.containerRuntimeVersion", UNKNOWN),
  },
  Event: EVENT_CELLS,
  ResourceQuota: { Request: quotaText(false), Limit: quotaText(true) },
  ComponentStatus: {
    Status: (c) => {
      const healthy = healthOf(c)
      return healthy === undefined ? "Unknown" : healthy["status"] === "True" ? "Healthy" : "Unhealthy"
    },
    Message: (c) => textIn(healthOf(c), "message"),
    Error: (c) => textIn(healthOf(c), "error"),
  },
  Lease: { Holder: textAt("spec.holderIdentity") },
}
