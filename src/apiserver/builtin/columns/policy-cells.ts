import type { UnknownObject } from "#apimachinery/meta.ts"
import { at, findObject, itemsIn, listIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import { countAt, NONE, referenceText, selectorText, textAt, UNSET, valueAt } from "./cells.ts"
import type { Cells } from "./cells.ts"
import { humanDuration } from "./duration.ts"

/** Subjects of one kind, joined. A service account is written with its namespace. */
const subjectsOf = (kind: string) => (binding: UnknownObject) =>
  itemsIn(binding, "subjects")
    .filter((s) => s["kind"] === kind)
    .map((s) => (kind === "ServiceAccount" ? `${textIn(s, "namespace")}/${textIn(s, "name")}` : textIn(s, "name")))
    .join(", ")

const BINDING: Cells = {
  Role: (binding) => referenceText(objectIn(binding, "roleRef")),
  Users: subjectsOf("User"),
  Groups: subjectsOf("Group"),
  ServiceAccounts: subjectsOf("ServiceAccount"),
}

function requestConditionOf(request: UnknownObject): string {
  const has = (type: string) => itemsIn(request["status"], "conditions").some((c) => c["type"] === type)
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending"
  const issued = textIn(request["status"], "certificate") === "" ? "" : ",Issued"
  return `${decision}${has("Failed") ? ",Failed" : ""}${issued}`
}

function paramKindOf(policy: UnknownObject): string {
  const kind = findObject(policy["spec"], "paramKind")
  return kind === undefined ? UNSET : `${textIn(kind, "apiVersion")}/${textIn(kind, "kind")}`
}

function paramRefOf(binding: UnknownObject): string {
  const reference = findObject(binding["spec"], "paramRef")
  if (reference === undefined) return UNSET
  const name = textIn(reference, "name")
  if (name !== "") return `${textIn(reference, "namespace") || "*"}/${name}`
  return reference["selector"] === undefined ? UNSET : selectorText(reference["selector"], "")
}

const LIMITED = ["spec", "limited"] as const
const QUEUING = [...LIMITED, "limitResponse", "queuing"] as const

function claimStateOf(claim: UnknownObject): string {
  const isDeleted = claim.metadata.deletionTimestamp !== undefined
  const states = isDeleted ? ["deleted"] : []
  if (findObject(claim["status"], "allocation") === undefined) {
    if (!isDeleted) states.push("pending")
  } else {
    states.push("allocated")
    if (listIn(claim["status"], "reservedFor").length > 0) states.push("reserved")
  }
  return states.join(",")
}

export const POLICY_CELLS: { readonly [kind: string]: Cells } = {
  RoleBinding: BINDING,
  ClusterRoleBinding: BINDING,
  CertificateSigningRequest: {
    SignerName: textAt("spec.signerName", NONE),
    Requestor: textAt("spec.username"),
    RequestedDuration: (request) => {
      const seconds = at(request, "spec", "expirationSeconds")
      return typeof seconds === "number" ? humanDuration(seconds * 1000) : NONE
    },
    Condition: requestConditionOf,
  },
  MutatingWebhook: { Webhooks: countAt("webhooks") },
  ValidatingWebhook: { Webhooks: countAt("webhooks") },
  ValidatingAdmissionPolicy: { Validations: countAt("spec.validations"), ParamKind: paramKindOf },
  ValidatingAdmissionPolicyBinding: { PolicyName: textAt("spec.policyName"), ParamRef: paramRefOf },
  FlowSchema: {
    PriorityLevel: textAt("spec.priorityLevelConfiguration.name"),
    MatchingPrecedence: valueAt("spec.matchingPrecedence", 0),
    DistinguisherMethod: textAt("spec.distinguisherMethod.type", NONE),
    MissingPL: (schema) =>
      textIn(
        itemsIn(schema["status"], "conditions").find((c) => c["type"] === "Dangling"),
        "status",
      ) || "?",
  },
  PriorityLevelConfiguration: {
    Type: textAt("spec.type"),
    NominalConcurrencyShares: (level) => at(level, ...LIMITED, "nominalConcurrencyShares") ?? NONE,
    Queues: (level) => at(level, ...QUEUING, "queues") ?? NONE,
    HandSize: (level) => at(level, ...QUEUING, "handSize") ?? NONE,
    QueueLengthLimit: (level) => at(level, ...QUEUING, "queueLengthLimit") ?? NONE,
  },
  ResourceClaim: { State: claimStateOf },
  ResourceSlice: {
    Node: textAt("spec.nodeName"),
    Driver: textAt("spec.driver"),
    Pool: textAt("spec.pool.name"),
  },
}

/** An aggregated group is served by a service, or by this server itself. */
export const API_SERVICE_CELLS: Cells = {
  Service: (object) => {
    const service = findObject(object["spec"], "service")
    return service === undefined ? "Local" : `${textIn(service, "namespace")}/${textIn(service, "name")}`
  },
  Available: (object) => {
    const condition = itemsIn(object["status"], "conditions").find((c) => c["type"] === "Available")
    if (condition === undefined) return "Unknown"
    if (condition["status"] === "True") return "True"
    return `${textIn(condition, "status")} (${textIn(condition, "reason")})`
  },
}
