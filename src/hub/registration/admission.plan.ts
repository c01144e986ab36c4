import { CLUSTER_GROUP, CLUSTER_SET_LABEL, DEFAULT_CLUSTER_SET } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManagedClusterSetBinding } from "#api/cluster/v1beta2.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import { isDns1123Label } from "#apimachinery/names.ts"
import { badRequest, forbidden, type StatusError } from "#apimachinery/status-error.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import type { AdmissionQuestion } from "#runtime/admission.ts"
import { REGISTER_GROUP } from "./cluster-rbac.ts"
import type { Taints } from "./taint.plan.ts"

/**
 * Clocks differ, and the hub's controllers say when they tainted. What a client says of a new taint must be about now;
 * the server's time is written in any case.
 */
const TIME_ADDED_TOLERANCE_MS = 300_000

/**
 * What a cluster is written with beside what was sent: when its taints were added, and the set `default` when it is in
 * none. Source: OCM's mutating webhook.
 *
 * @returns the object itself when nothing is to be added, or the refusal of a taint whose time is made up
 */
export function defaultManagedCluster(
  question: AdmissionQuestion<ManagedCluster>,
  options: { readonly defaultSet: boolean },
): ManagedCluster | StatusError {
  const { object } = question
  const taints = stampTaints(question)
  if (!Array.isArray(taints)) return taints
  const needsSet = options.defaultSet && !object.metadata.labels?.[CLUSTER_SET_LABEL]
  const isStamped = taints.some((taint, i) => taint !== object.spec?.taints?.[i])
  if (!needsSet && !isStamped) return object
  const labels = { ...object.metadata.labels, [CLUSTER_SET_LABEL]: DEFAULT_CLUSTER_SET }
  return {
    ...object,
    ...(needsSet ? { metadata: { ...object.metadata, labels } } : {}),
    ...(isStamped ? { spec: { ...object.spec, taints } } : {}),
  }
}

function stampTaints({ object, before, nowMs }: AdmissionQuestion<ManagedCluster>): Taints | StatusError {
  const sent: unknown = object.spec?.taints ?? []
  // The schema has not been checked yet, and will refuse what is no list of taints.
  if (!Array.isArray(sent) || !sent.every(isJsonObject)) return []
  const madeUp: string[] = []
  const taints = (sent as Taints).map((taint) => {
    const known = before?.spec.taints?.find(({ key }) => key === taint.key)
    if (known !== undefined && (known.value ?? "") === (taint.value ?? "") && known.effect === taint.effect) {
      if (parseTimeMs(known.timeAdded) !== parseTimeMs(taint.timeAdded)) madeUp.push(taint.key)
      return taint
    }
    const said = parseTimeMs(taint.timeAdded)
    // A new object may be a copy of an old one: its times are replaced without a word.
    const isNew = before === undefined
    if (said !== undefined && !isNew && Math.abs(said - nowMs) > TIME_ADDED_TOLERANCE_MS) madeUp.push(taint.key)
    return { ...taint, timeAdded: formatTime(nowMs) }
  })
  return madeUp.length === 0 ? taints : badRequest(`It is not allowed to set TimeAdded of Taint "${madeUp.join(",")}".`)
}

/**
 * Whether a cluster may be written: its name and addresses are good, and who lets it in or moves it between sets may do
 * so. Shutting a cluster out needs no right beyond the update. Source: OCM's validating webhook.
 *
 * @param isTerminating  whether a namespace is on its way out
 */
export function checkManagedCluster(
  question: AdmissionQuestion<ManagedCluster>,
  isTerminating: (namespace: string) => boolean,
): StatusError | undefined {
  const { object, before, user, mayUser } = question
  const { name = "" } = object.metadata
  const problems = [...nameProblems(name), ...urlProblems(object)]
  if (problems.length > 0) return badRequest(problems.join("\n"))
  if (object.spec?.hubAcceptsClient === true && before?.spec.hubAcceptsClient !== true) {
    const accept = { group: CLUSTER_GROUP, resource: "managedclusters/accept" }
    if (isTerminating(name)) return forbidden(accept, name, `cluster namespace "${name}" is terminating`)
    const attributes = {
      group: REGISTER_GROUP,
      resource: "managedclusters",
      subresource: "accept",
      verb: "update",
      name,
    }
    if (!mayUser(attributes)) {
      return forbidden(accept, name, `user "${user.name}" cannot update the HubAcceptsClient field`)
    }
  }
  return checkSetChange(question)
}

/** A name that is still to be generated is checked when it is there, as the namespace of the cluster. */
const nameProblems = (name: string) =>
  name === "" ? [] : isDns1123Label(name).map((problem) => `metadata.name format is not correct: ${problem}`)

const urlProblems = ({ spec }: ManagedCluster) =>
  (spec?.managedClusterClientConfigs ?? [])
    .filter(({ url }) => !URL.canParse(url) || new URL(url).protocol !== "https:")
    .map(({ url }) => `url "${url}" is invalid in client configs`)

/** Leaving a set and joining one are both for those who may add clusters to it. */
function checkSetChange({ object, before, user, mayUser }: AdmissionQuestion<ManagedCluster>): StatusError | undefined {
  const setOf = (cluster: ManagedCluster | undefined) => cluster?.metadata.labels?.[CLUSTER_SET_LABEL] ?? ""
  const [from, to] = [setOf(before), setOf(object)]
  if (from === to) return undefined
  for (const name of [from, to].filter((set) => set !== "")) {
    const attributes = {
      group: CLUSTER_GROUP,
      resource: "managedclustersets",
      subresource: "join",
      verb: "create",
      name,
    }
    if (mayUser(attributes)) continue
    return forbidden(
      { group: CLUSTER_GROUP, resource: "managedclustersets/join" },
      name,
      `user "${user.name}" cannot add/remove a ManagedCluster to/from ManagedClusterSet "${name}"`,
    )
  }
  return undefined
}

/** A binding has its set's name, and is made by those who may bind the set. Source: OCM's validating webhook. */
export function checkManagedClusterSetBinding({
  object,
  before,
  user,
  mayUser,
}: AdmissionQuestion<ManagedClusterSetBinding>): StatusError | undefined {
  const { name = "" } = object.metadata
  const set = object.spec?.clusterSet ?? ""
  if (name !== set) {
    return badRequest("The ManagedClusterSetBinding must have the same name as the target ManagedClusterSet")
  }
  if (before !== undefined) return undefined
  const attributes = { group: CLUSTER_GROUP, resource: "managedclustersets", subresource: "bind", verb: "create", name }
  if (mayUser(attributes)) return undefined
  return forbidden(
    { group: CLUSTER_GROUP, resource: "managedclustersets/bind" },
    name,
    `user "${user.name}" is not allowed to bind cluster set "${name}"`,
  )
}
