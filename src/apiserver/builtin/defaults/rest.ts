// Defaults of all but workloads and pods. Source: k8s.io/kubernetes pkg/apis/*/v1/defaults.go, and those of
// apiextensions-apiserver and kube-aggregator.
import {
  defaultTo,
  findObject,
  isAbsent,
  itemsIn,
  listIn,
  makeObject,
  objectIn,
  textIn,
} from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { DefaultRule } from "#apiserver/builtin/typed-form.ts"

const CLIENT_IP_AFFINITY_SECONDS = 10_800
const RBAC = "rbac.authorization.k8s.io"

function setService(service: Json): void {
  const spec = makeObject(service, "spec")
  spec["sessionAffinity"] ||= "None"
  if (spec["sessionAffinity"] === "None") delete spec["sessionAffinityConfig"]
  if (spec["sessionAffinity"] === "ClientIP") {
    makeObject(makeObject(spec, "sessionAffinityConfig"), "clientIP")["timeoutSeconds"] ??= CLIENT_IP_AFFINITY_SECONDS
  }
  spec["type"] ||= "ClusterIP"
  for (const port of itemsIn(spec, "ports")) {
    if (!port["targetPort"]) port["targetPort"] = port["port"]
  }
  const isExternal =
    spec["type"] === "LoadBalancer" ||
    spec["type"] === "NodePort" ||
    (spec["type"] === "ClusterIP" && listIn(spec, "externalIPs").length > 0)
  if (isExternal) spec["externalTrafficPolicy"] ||= "Cluster"
  if (spec["type"] !== "ExternalName") spec["internalTrafficPolicy"] ??= "Cluster"
  if (spec["type"] !== "LoadBalancer") return
  spec["allocateLoadBalancerNodePorts"] ??= true
  for (const ingress of itemsIn(objectIn(service["status"], "loadBalancer"), "ingress")) {
    if (textIn(ingress, "ip") !== "") ingress["ipMode"] ??= "VIP"
  }
}

function setNamespace(namespace: Json): void {
  const metadata = makeObject(namespace, "metadata")
  const name = textIn(metadata, "name")
  if (name !== "") makeObject(metadata, "labels")["kubernetes.io/metadata.name"] = name
  makeObject(namespace, "status")["phase"] ||= "Active"
}

function setRoleBinding(binding: Json): void {
  makeObject(binding, "roleRef")["apiGroup"] ||= RBAC
}

function setSubject(subject: Json): void {
  if (subject["kind"] === "User" || subject["kind"] === "Group") subject["apiGroup"] ||= RBAC
}

function setPersistentVolume(volume: Json): void {
  makeObject(volume, "status")["phase"] ||= "Pending"
  const spec = makeObject(volume, "spec")
  spec["persistentVolumeReclaimPolicy"] ||= "Retain"
  spec["volumeMode"] ??= "Filesystem"
}

function setNodeStatus(status: Json): void {
  const capacity = findObject(status, "capacity")
  if (isAbsent(status["allocatable"]) && capacity !== undefined) status["allocatable"] = { ...capacity }
}

function setLimitRangeItem(item: Json): void {
  if (item["type"] !== "Container") return
  const limits = makeObject(item, "default")
  const requests = makeObject(item, "defaultRequest")
  for (const [name, value] of Object.entries(objectIn(item, "max"))) defaultTo(limits, name, value)
  for (const [name, value] of Object.entries(limits)) defaultTo(requests, name, value)
  for (const [name, value] of Object.entries(objectIn(item, "min"))) defaultTo(requests, name, value)
  if (Object.keys(limits).length === 0) delete item["default"]
  if (Object.keys(requests).length === 0) delete item["defaultRequest"]
}

function setNetworkPolicy(policy: Json): void {
  const spec = makeObject(policy, "spec")
  if (listIn(spec, "policyTypes").length > 0) return
  spec["policyTypes"] = listIn(spec, "egress").length > 0 ? ["Ingress", "Egress"] : ["Ingress"]
}

function setCsiDriver(driver: Json): void {
  const spec = makeObject(driver, "spec")
  spec["attachRequired"] ??= true
  spec["podInfoOnMount"] ??= false
  spec["storageCapacity"] ??= false
  spec["fsGroupPolicy"] ??= "ReadWriteOnceWithFSType"
  if (listIn(spec, "volumeLifecycleModes").length === 0) spec["volumeLifecycleModes"] = ["Persistent"]
  spec["requiresRepublish"] ??= false
  spec["seLinuxMount"] ??= false
}

function setWebhook(webhook: Json): void {
  webhook["failurePolicy"] ??= "Fail"
  setMatch(webhook)
  webhook["timeoutSeconds"] ??= 10
}

function setMatch(rules: Json): void {
  rules["matchPolicy"] ??= "Equivalent"
  rules["namespaceSelector"] ??= {}
  rules["objectSelector"] ??= {}
}

function setCustomResourceDefinition(definition: Json): void {
  const spec = makeObject(definition, "spec")
  const names = makeObject(spec, "names")
  const kind = textIn(names, "kind")
  names["singular"] ||= kind.toLowerCase()
  if (kind !== "") names["listKind"] ||= `${kind}List`
  if (isAbsent(spec["conversion"])) spec["conversion"] = { strategy: "None" }
  const status = makeObject(definition, "status")
  if (listIn(status, "storedVersions").length > 0) return
  const stored = itemsIn(spec, "versions").find((v) => v["storage"] === true)
  if (stored !== undefined) status["storedVersions"] = [stored["name"]]
}

const setServicePort: DefaultRule = (reference) => defaultTo(reference, "port", 443)

export const OTHER_DEFAULTS: readonly (readonly [schema: string, rule: DefaultRule])[] = [
  ["io.k8s.api.core.v1.Service", setService],
  ["io.k8s.api.core.v1.Namespace", setNamespace],
  [
    "io.k8s.api.core.v1.Secret",
    (secret) => {
      encodeStringData(secret)
      defaultTo(secret, "type", "Opaque")
    },
  ],
  ["io.k8s.api.core.v1.PersistentVolume", setPersistentVolume],
  [
    "io.k8s.api.core.v1.PersistentVolumeClaim",
    (claim) => {
      makeObject(claim, "status")["phase"] ||= "Pending"
    },
  ],
  ["io.k8s.api.core.v1.PersistentVolumeClaimSpec", (spec) => defaultTo(spec, "volumeMode", "Filesystem")],
  ["io.k8s.api.core.v1.EndpointPort", (port) => defaultTo(port, "protocol", "TCP")],
  ["io.k8s.api.core.v1.NodeStatus", setNodeStatus],
  ["io.k8s.api.core.v1.LimitRangeItem", setLimitRangeItem],
  ["io.k8s.api.rbac.v1.RoleBinding", setRoleBinding],
  ["io.k8s.api.rbac.v1.ClusterRoleBinding", setRoleBinding],
  ["io.k8s.api.rbac.v1.Subject", setSubject],
  ["io.k8s.api.networking.v1.NetworkPolicy", setNetworkPolicy],
  ["io.k8s.api.networking.v1.NetworkPolicyPort", (port) => defaultTo(port, "protocol", "TCP")],
  ["io.k8s.api.networking.v1.IngressClassParametersReference", (reference) => defaultTo(reference, "scope", "Cluster")],
  [
    "io.k8s.api.storage.v1.StorageClass",
    (storageClass) => {
      storageClass["reclaimPolicy"] ??= "Delete"
      storageClass["volumeBindingMode"] ??= "Immediate"
    },
  ],
  ["io.k8s.api.storage.v1.CSIDriver", setCsiDriver],
  [
    "io.k8s.api.discovery.v1.EndpointPort",
    (port) => {
      port["name"] ??= ""
      port["protocol"] ??= "TCP"
    },
  ],
  ["io.k8s.api.scheduling.v1.PriorityClass", (c) => defaultTo(c, "preemptionPolicy", "PreemptLowerPriority")],
  ["io.k8s.api.admissionregistration.v1.ValidatingWebhook", setWebhook],
  [
    "io.k8s.api.admissionregistration.v1.MutatingWebhook",
    (webhook) => {
      setWebhook(webhook)
      webhook["reinvocationPolicy"] ??= "Never"
    },
  ],
  ["io.k8s.api.admissionregistration.v1.RuleWithOperations", (rule) => defaultTo(rule, "scope", "*")],
  ["io.k8s.api.admissionregistration.v1.NamedRuleWithOperations", (rule) => defaultTo(rule, "scope", "*")],
  ["io.k8s.api.admissionregistration.v1.MatchResources", setMatch],
  ["io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec", (s) => defaultTo(s, "failurePolicy", "Fail")],
  ["io.k8s.api.admissionregistration.v1.ServiceReference", setServicePort],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference", setServicePort],
  ["io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference", setServicePort],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition", setCustomResourceDefinition],
  ["io.k8s.api.flowcontrol.v1.FlowSchemaSpec", (spec) => defaultTo(spec, "matchingPrecedence", 1000)],
  [
    "io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration",
    (level) => {
      level["nominalConcurrencyShares"] ??= 0
      level["lendablePercent"] ??= 0
    },
  ],
  [
    "io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration",
    (level) => {
      level["nominalConcurrencyShares"] ??= 30
      level["lendablePercent"] ??= 0
    },
  ],
  [
    "io.k8s.api.flowcontrol.v1.QueuingConfiguration",
    (queuing) => {
      queuing["handSize"] ??= 8
      queuing["queues"] ??= 64
      queuing["queueLengthLimit"] ??= 50
    },
  ],
]

/** stringData is write-only: it is encoded into data as soon as it has been read. */
function encodeStringData(secret: Json): void {
  const plain = objectIn(secret, "stringData")
  delete secret["stringData"]
  for (const [key, value] of Object.entries(plain)) {
    if (typeof value === "string") makeObject(secret, "data")[key] = Buffer.from(value).toString("base64")
  }
}
