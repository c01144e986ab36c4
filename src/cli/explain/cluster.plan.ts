// Why a cluster is as it is: from what can be seen on the hub.
import {
  CERTIFICATE_ROTATED,
  CLOCK_SYNCED,
  CLUSTER_LEASE,
  HUB_ACCEPTED,
  JOINED,
  AVAILABLE,
} from "#api/cluster/names.ts"
import { tombstonesOf } from "#api/cluster/detached.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { Lease } from "#api/kubernetes/coordination.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { formatAge } from "#cli/table.ts"
import { told } from "./conditions.ts"
import type { Explanation, Finding } from "./explanation.ts"

export type SeenCluster = {
  readonly name: string
  readonly cluster: ManagedCluster | undefined
  /** Certificate requests of the cluster's own agents, the newest first. */
  readonly requests: readonly CertificateSigningRequest[]
  readonly lease: Lease | undefined
  readonly detached: Lease | undefined
  readonly works: readonly ManifestWork[]
  readonly nowMs: number
}

type Cause = { readonly verdict: string; readonly findings: readonly Finding[]; readonly next: readonly string[] }

export function explainCluster(seen: SeenCluster): Explanation {
  const { name, cluster } = seen
  const subject = `cluster ${name}`
  const cause = cluster === undefined ? absent(seen) : whyNot(seen, cluster)
  if (cause !== undefined) return { subject, ok: false, ...cause, notes: notesOf(seen) }
  const findings = [told(`ManagedCluster ${name}`, cluster!.status?.conditions, AVAILABLE)]
  return { subject, ok: true, verdict: `${name} is available`, findings, notes: notesOf(seen), next: [] }
}

/** The first thing on the way from nothing to available that has not come about. */
function whyNot(seen: SeenCluster, cluster: ManagedCluster): Cause | undefined {
  const conditions = cluster.status?.conditions
  if (cluster.metadata.deletionTimestamp !== undefined) return leaving(seen, cluster)
  if (!cluster.spec.hubAcceptsClient) return notAccepted(seen, cluster)
  if (!isConditionTrue(conditions, HUB_ACCEPTED)) return notSetUp(seen, cluster)
  if (!isConditionTrue(conditions, JOINED)) return notJoined(seen, cluster)
  if (isConditionTrue(conditions, AVAILABLE)) return undefined
  return findCondition(conditions, AVAILABLE)?.status === "False" ? unhealthy(seen, cluster) : silent(seen, cluster)
}

function absent({ name, requests, detached, nowMs }: SeenCluster): Cause {
  const [request] = requests
  const tombstone = tombstonesOf(detached).at(-1)
  if (tombstone !== undefined) {
    const cleared =
      tombstone.clearedMs === undefined
        ? "its agent has not come back to clear up"
        : `its agent cleared up ${formatAge(tombstone.clearedMs, nowMs)} ago`
    const says = `detached at ${formatTime(tombstone.detachedMs)}; ${cleared}`
    return {
      verdict: `${name} was detached`,
      findings: [{ object: `Lease ${name}/${detached!.metadata.name}`, says }],
      next: [
        `to have it back, on the cluster: hawser join --cluster-name ${name} (hawser token prints the whole line)`,
      ],
    }
  }
  if (request !== undefined) {
    return {
      verdict: `${name} has asked for a certificate, and there is no ManagedCluster of that name`,
      findings: [requestFinding(request, nowMs)],
      next: ["look into the agent's log: it may not be allowed to create its ManagedCluster"],
    }
  }
  return {
    verdict: `The hub has no cluster "${name}", and none has asked to join under that name`,
    findings: [],
    next: ["hawser get clusters", "hawser token, which prints what a cluster needs to join"],
  }
}

function leaving({ name, works }: SeenCluster, cluster: ManagedCluster): Cause {
  const object = `ManagedCluster ${name}`
  const deletedMs = parseTimeMs(cluster.metadata.deletionTimestamp)
  const held = works.map((work) => ({
    object: `ManifestWork ${name}/${work.metadata.name}`,
    says: `held by ${(work.metadata.finalizers ?? []).join(", ") || "nothing; it is about to go"}`,
  }))
  const isSilent = !isConditionTrue(cluster.status?.conditions, AVAILABLE)
  return {
    verdict:
      works.length === 0
        ? `${name} is being detached, held by ${(cluster.metadata.finalizers ?? []).join(", ") || "nothing"}`
        : `${name} is being detached, and waits for its agent to take ${works.length} ManifestWorks away`,
    findings: [
      { object, says: "is being deleted", ...(deletedMs === undefined ? {} : { sinceMs: deletedMs }) },
      told(object, cluster.status?.conditions, "Deleting"),
      ...(isSilent ? [told(object, cluster.status?.conditions, AVAILABLE)] : []),
      ...held.slice(0, 5),
    ],
    next: isSilent
      ? [`hawser detach ${name} --force, which does not wait: the agent clears up when it comes back`]
      : [],
  }
}

function notAccepted({ name, requests, nowMs }: SeenCluster, cluster: ManagedCluster): Cause {
  const wasDenied = findCondition(cluster.status?.conditions, HUB_ACCEPTED) !== undefined
  const object = `ManagedCluster ${name}`
  return {
    verdict: wasDenied ? `${name} was denied` : `${name} waits to be let in`,
    findings: [
      { object, says: "spec.hubAcceptsClient is false" },
      ...(wasDenied ? [told(object, cluster.status?.conditions, HUB_ACCEPTED)] : []),
      ...requests.slice(0, 1).map((request) => requestFinding(request, nowMs)),
    ],
    next: [`hawser accept ${name}`],
  }
}

function notSetUp({ name }: SeenCluster, cluster: ManagedCluster): Cause {
  const object = `ManagedCluster ${name}`
  const accepted = findCondition(cluster.status?.conditions, HUB_ACCEPTED)
  const findings = [
    { object, says: "spec.hubAcceptsClient is true" },
    told(object, cluster.status?.conditions, HUB_ACCEPTED),
  ]
  return accepted?.reason === "Error"
    ? {
        verdict: `${name} is let in, and the hub could not set up its namespace and rights`,
        findings,
        next: [`kubectl get namespace ${name} -o yaml`, "the message says what was refused"],
      }
    : {
        verdict: `${name} is let in, and the hub's controllers have not taken notice`,
        findings,
        next: ["is `hawser hub` running? hawser doctor"],
      }
}

function notJoined({ name, requests, nowMs }: SeenCluster, cluster: ManagedCluster): Cause {
  const [request] = requests
  const findings = [told(`ManagedCluster ${name}`, cluster.status?.conditions, JOINED)]
  if (request === undefined) {
    return {
      verdict: `${name} is let in, and no agent has asked for its certificate`,
      findings,
      next: [`is the agent running? On the cluster: hawser join --cluster-name ${name} (hawser token prints the line)`],
    }
  }
  const asked = [...findings, requestFinding(request, nowMs)]
  switch (stateOf(request)) {
    case "pending":
      return {
        verdict: `${name}'s request for a certificate waits to be approved`,
        findings: asked,
        next: [`hawser accept ${name}`],
      }
    case "denied":
      return {
        verdict: `${name}'s request for a certificate was denied`,
        findings: asked,
        next: [`the agent asks again with a token that is good: hawser token create --cluster-name ${name}`],
      }
    case "approved":
      return {
        verdict: `${name}'s request for a certificate is approved, and nobody signs it`,
        findings: asked,
        next: ["is kube-controller-manager running, with --cluster-signing-cert-file?"],
      }
    case "issued":
      return {
        verdict: `${name} has its certificate, and has not reported`,
        findings: asked,
        next: ["look into the agent's log: does it reach the hub at the address that it was given?"],
      }
  }
}

function silent({ name, lease, nowMs }: SeenCluster, cluster: ManagedCluster): Cause {
  const object = `ManagedCluster ${name}`
  const renewedMs = parseTimeMs(lease?.spec?.renewTime)
  const seconds = cluster.spec.leaseDurationSeconds || 60
  const heard =
    renewedMs === undefined
      ? "was never renewed"
      : `last renewed ${formatAge(renewedMs, nowMs)} ago; it is due every ${seconds} s`
  const isSkewed = findCondition(cluster.status?.conditions, CLOCK_SYNCED)?.status === "False"
  const findings = [
    told(object, cluster.status?.conditions, AVAILABLE),
    { object: `Lease ${name}/${CLUSTER_LEASE}`, says: heard },
    ...(isSkewed ? [told(object, cluster.status?.conditions, CLOCK_SYNCED)] : []),
  ]
  const isFresh = renewedMs !== undefined && Math.abs(nowMs - renewedMs) < seconds * 2000
  if (isSkewed) {
    return {
      verdict: `${name} is not heard of in time: the clocks of hub and agent differ`,
      findings,
      next: ["set the clocks of both by NTP"],
    }
  }
  if (isFresh) {
    return { verdict: `${name} is heard of, and has not reported yet`, findings, next: ["look again in a minute"] }
  }
  return {
    verdict: `${name} is not heard of: its agent does not run, or does not reach the hub`,
    findings,
    next: [
      "on the cluster: is the agent running, and what does its log say?",
      "what runs there goes on meanwhile; nothing is taken away",
    ],
  }
}

function unhealthy({ name }: SeenCluster, cluster: ManagedCluster): Cause {
  return {
    verdict: `${name}'s agent runs, and the cluster's own API server does not answer it`,
    findings: [told(`ManagedCluster ${name}`, cluster.status?.conditions, AVAILABLE)],
    next: ["look at the cluster's API server; the message is what it answered"],
  }
}

type RequestState = "pending" | "denied" | "approved" | "issued"

function stateOf({ status }: CertificateSigningRequest): RequestState {
  const is = (type: string) => status?.conditions?.some((condition) => condition.type === type) ?? false
  if (is("Denied") || is("Failed")) return "denied"
  if (status?.certificate !== undefined && status.certificate !== "") return "issued"
  return is("Approved") ? "approved" : "pending"
}

function requestFinding(request: CertificateSigningRequest, nowMs: number): Finding {
  const { metadata, spec, status } = request
  const verdict = status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed")
  const asked = formatAge(parseTimeMs(metadata.creationTimestamp), nowMs)
  return {
    object: `CertificateSigningRequest ${metadata.name}`,
    says: `${stateOf(request)}, asked for ${asked} ago by ${spec.username ?? "?"}`,
    ...(verdict?.message === undefined ? {} : { message: `${verdict.reason ?? ""}: ${verdict.message}` }),
  }
}

function notesOf({ cluster, works }: SeenCluster): readonly string[] {
  if (cluster === undefined) return []
  const conditions = cluster.status?.conditions
  const isBad = (type: string) => findCondition(conditions, type)?.status === "False"
  const message = (type: string) => findCondition(conditions, type)?.message ?? ""
  const failing = works.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => (type === "Applied" || type === "Available") && is !== "True"),
  )
  const taints = (cluster.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`)
  return [
    ...(isBad(CERTIFICATE_ROTATED) ? [`its certificate could not be renewed: ${message(CERTIFICATE_ROTATED)}`] : []),
    ...(isBad(CLOCK_SYNCED) ? [message(CLOCK_SYNCED)] : []),
    ...(taints.length === 0 ? [] : [`tainted, so that placements leave it out: ${taints.join(", ")}`]),
    ...(failing.length === 0 ? [] : [`${failing.length} of ${works.length} works are not well: ${namesOf(failing)}`]),
  ]
}

const namesOf = (works: readonly ManifestWork[]) =>
  works
    .slice(0, 5)
    .map(({ metadata }) => metadata.name)
    .join(", ") + (works.length > 5 ? ", …" : "")
