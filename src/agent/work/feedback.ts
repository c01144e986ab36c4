import type { UnknownObject } from "#apimachinery/meta.ts"
import { findJsonPath, parseJsonPath } from "#apimachinery/jsonpath.ts"
import type { FeedbackRule, FeedbackValue, FieldValue } from "#api/work/parts.ts"

/** Longest JSON of a raw value. Source: OCM, the CRD's maximum length. */
const JSON_RAW_LENGTH_MAX = 1024
/** Longest text, in bytes. Ours: without a bound one value can make a work's status too large to be written at all. */
const STRING_LENGTH_MAX = 16 * 1024

const REPLICAS = [
  { name: "ReadyReplicas", path: ".status.readyReplicas" },
  { name: "Replicas", path: ".status.replicas" },
  { name: "AvailableReplicas", path: ".status.availableReplicas" },
]

const whether = (type: string) => `.status.conditions[?(@.type=="${type}")].status`
/** The first of them: a feedback value is one. */
const LOAD_BALANCER = [
  { name: "LoadBalancerIP", path: ".status.loadBalancer.ingress[*].ip" },
  { name: "LoadBalancerHostname", path: ".status.loadBalancer.ingress[*].hostname" },
]

/**
 * Source of those for Deployment, DaemonSet, Job and Pod: OCM pkg/work/spoke/statusfeedback/rules. The others are ours: OCM reports a failure
 * for their kinds.
 */
const WELL_KNOWN: Readonly<Record<string, readonly { name: string; path: string }[]>> = {
  "apps/v1 Deployment": REPLICAS,
  "apps/v1 StatefulSet": REPLICAS,
  "apps/v1 DaemonSet": [
    { name: "NumberReady", path: ".status.numberReady" },
    { name: "DesiredNumberScheduled", path: ".status.desiredNumberScheduled" },
    { name: "NumberAvailable", path: ".status.numberAvailable" },
  ],
  "batch/v1 Job": [
    { name: "JobComplete", path: whether("Complete") },
    { name: "JobSucceeded", path: ".status.succeeded" },
  ],
  "v1 Pod": [
    { name: "PodReady", path: whether("Ready") },
    { name: "PodPhase", path: ".status.phase" },
  ],
  "batch/v1 CronJob": [
    { name: "LastScheduleTime", path: ".status.lastScheduleTime" },
    { name: "LastSuccessfulTime", path: ".status.lastSuccessfulTime" },
  ],
  "v1 PersistentVolumeClaim": [
    { name: "ClaimPhase", path: ".status.phase" },
    { name: "ClaimCapacity", path: ".status.capacity.storage" },
  ],
  "v1 Service": [{ name: "ClusterIP", path: ".spec.clusterIP" }, ...LOAD_BALANCER],
  "networking.k8s.io/v1 Ingress": LOAD_BALANCER,
  "autoscaling/v2 HorizontalPodAutoscaler": [
    { name: "CurrentReplicas", path: ".status.currentReplicas" },
    { name: "DesiredReplicas", path: ".status.desiredReplicas" },
    { name: "ScalingActive", path: whether("ScalingActive") },
  ],
  "apiextensions.k8s.io/v1 CustomResourceDefinition": [
    { name: "NamesAccepted", path: whether("NamesAccepted") },
    { name: "Established", path: whether("Established") },
  ],
}

export type Feedback = { readonly values: readonly FeedbackValue[]; readonly errors: readonly string[] }

/**
 * Reads what the rules ask for from a live object. A value that is not there is left out; what cannot be read is an
 * error and the others are still reported.
 * @param rawJson  objects, lists and floats become JSON text (feature gate RawFeedbackJsonString)
 */
export function readFeedback(object: UnknownObject, rules: readonly FeedbackRule[], rawJson: boolean): Feedback {
  const values: FeedbackValue[] = []
  const errors: string[] = []
  const read = (name: string, path: string) => {
    const found = readValue(object, name, path, rawJson)
    if (typeof found === "string") errors.push(found)
    else if (found !== undefined) values.push({ name, fieldValue: found })
  }
  for (const rule of rules) {
    if (rule.type === "WellKnownStatus") {
      const known = WELL_KNOWN[`${object.apiVersion} ${object.kind}`]
      if (known === undefined) errors.push(`cannot find the wellknown statuses for resource with gvk ${gvkOf(object)}`)
      for (const { name, path } of known ?? []) read(name, path)
      continue
    }
    for (const { name, path, version } of rule.jsonPaths ?? []) {
      if (version && version !== object.apiVersion.split("/").at(-1)) {
        errors.push(`version set in the path ${name} is not matched for the related resource`)
      } else read(name, path)
    }
  }
  return { values, errors }
}

/** As schema.GroupVersionKind prints itself: `apps/v1, Kind=Deployment`, `/v1, Kind=ConfigMap`. */
function gvkOf({ apiVersion, kind }: UnknownObject): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
}

/** @returns the value, undefined when there is none, or what went wrong */
function readValue(
  object: UnknownObject,
  name: string,
  path: string,
  rawJson: boolean,
): FieldValue | string | undefined {
  let found: unknown[]
  try {
    found = findJsonPath(parseJsonPath(path), object)
  } catch (error) {
    return `failed to parse json path ${path} of ${name} with error: ${(error as Error).message}`
  }
  const value = rawJson && found.length > 1 ? found : found[0]
  if (value === undefined || value === null) return undefined
  if (typeof value === "number" && Number.isInteger(value)) return { type: "Integer", integer: value }
  if (typeof value === "string") {
    return Buffer.byteLength(value) <= STRING_LENGTH_MAX
      ? { type: "String", string: value }
      : `the length of the string for name ${name} is larger than the maximum length ${STRING_LENGTH_MAX}`
  }
  if (typeof value === "boolean") return { type: "Boolean", boolean: value }
  if (!rawJson) return `the type ${goTypeOf(value)} of the value for ${name} is not found`
  const json = JSON.stringify(value)
  if (Buffer.byteLength(json) > JSON_RAW_LENGTH_MAX) {
    return `the length of returned json raw string for name ${name} is larger than the maximum length ${JSON_RAW_LENGTH_MAX}`
  }
  return { type: "JsonRaw", jsonRaw: json }
}

/** How OCM's messages name a type: they are Go's. */
function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}"
  return typeof value === "number" ? "float64" : "map[string]interface {}"
}
