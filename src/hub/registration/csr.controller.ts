// CSR: approves the certificate requests of clusters' agents.
//
// Reads:    CertificateSigningRequest that carry a cluster's label (hub cache).    Wakes on: them.
// Writes:   CertificateSigningRequest approval, Events of its decisions; asks SubjectAccessReview for renewals.
// Refuses:  requests made with a token for one cluster for anything else, or a second time; what nobody approves by itself
//           beyond a number per cluster.
// Gives up when: the request is decided, or is for people to decide.
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { SUBJECT_ACCESS_REVIEWS } from "#api/kubernetes/authorization.ts"
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CLIENT_SIGNER,
  type CertificateSigningRequest,
} from "#api/kubernetes/certificates.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { approvedMs, boundUser } from "./bound-token.plan.ts"
import { REGISTER_GROUP } from "./cluster-rbac.ts"
import { approve, deny, isOneTooMany, judgeCsr, WAITING_MAX, type AutoApproval } from "./csr.plan.ts"
import type { Hub } from "./hub.ts"

const BY_TOKEN = "registration/token-of-request"
/** Requests that wait for people. */
const BY_CLUSTER = "registration/cluster-of-request"

const LOOK_AGAIN_MS = 1_000

const clusterOf = ({ metadata }: CertificateSigningRequest) => metadata.labels?.[CLUSTER_NAME_LABEL] ?? ""

export function startCsrApproval(runtime: Runtime, hub: Hub, approval: AutoApproval): void {
  const requests = hub.informers.informer(CERTIFICATE_SIGNING_REQUESTS, { labelSelector: CLUSTER_NAME_LABEL })
  requests.addIndex(BY_TOKEN, (request) => [boundUser(request) ?? ""].filter(Boolean))
  requests.addIndex(BY_CLUSTER, (request) => (isOpen(request) ? [clusterOf(request)] : []))
  /** User of a token -> the request approved for it, until the cache shows the approval: two at once are one too many. */
  const approving = new Map<string, string>()
  const madeWith = (user: string | undefined) => (user === undefined ? [] : requests.byIndex(BY_TOKEN, user))
  const forget = (name: string) => {
    for (const [user, request] of approving) if (request === name) approving.delete(user)
  }
  const otherUse = (name: string, user: string | undefined) => {
    const shown = madeWith(user).filter((other) => approvedMs(other) !== undefined)
    if (user !== undefined && shown.some((other) => other.metadata.name === approving.get(user))) approving.delete(user)
    const used = [...shown.map(({ metadata }) => metadata.name), approving.get(user ?? "")]
    return used.find((other) => other !== undefined && other !== name)
  }

  startController(runtime, {
    name: "csr-approval",
    subject: "csr",
    workers: 16,
    sources: [
      {
        informer: requests,
        // One that is approved leaves the others made with its token refused.
        keysOf: ({ object }) => [object, ...madeWith(boundUser(object))].map(({ metadata }) => metadata.name ?? ""),
      },
    ],
    reconcile: async (name, signal) => {
      const csr = requests.get(name)
      if (csr === undefined) return forget(name)
      const user = boundUser(csr)
      const verdict = judgeCsr(csr, approval, otherUse(name, user))
      const nowMs = runtime.clock.nowMs()
      const cluster = clusterOf(csr)
      const writing = { log: runtime.log, signal }
      const refuse = async (why: string, reason?: "TooManyRequests") => {
        runtime.log.warn("Certificate request refused", { csr: name, cluster, why })
        await applyPlan(hub.client, { actions: [deny(csr, why, nowMs, reason)] }, writing)
        const note = `managed cluster csr "${name}" is denied by hub csr controller: ${why}`
        hub.events?.event(csr, "Warning", "ManagedClusterCSRDenied", "Deny", note)
      }
      const leave = async (why: string) => {
        runtime.log.debug("Certificate request left alone", { csr: name, cluster, why })
        if (!isOpen(csr)) return
        const waiting = requests.byIndex(BY_CLUSTER, cluster)
        if (isOneTooMany(csr, waiting)) {
          return refuse(`${WAITING_MAX} requests of cluster "${cluster}" wait already`, "TooManyRequests")
        }
        const note = `managed cluster csr "${name}" is left to an administrator: ${why}`
        hub.events?.event(csr, "Normal", "ManagedClusterCSRNotAutoApproved", "Approve", note)
        // Of those that come together some are seen later than others: who is beyond the bound shows when all have been.
        const isNew = nowMs - (parseTimeMs(csr.metadata.creationTimestamp) ?? 0) < 2 * LOOK_AGAIN_MS
        return isNew || waiting.length > WAITING_MAX ? { requeueAfterMs: LOOK_AGAIN_MS } : undefined
      }
      if (verdict.decision === "leave") return leave(verdict.why)
      if (verdict.decision === "ask renew" && !(await mayRenew(hub, csr, signal))) {
        return leave(`"${csr.spec.username}" may not renew the certificate of cluster "${verdict.cluster}"`)
      }
      if (verdict.decision === "deny") return refuse(verdict.why)
      // Also when the write fails: it may have arrived, and another try is about the same request.
      if (user !== undefined) approving.set(user, name)
      await applyPlan(hub.client, { actions: [approve(csr, nowMs)] }, writing)
      const note = `managed cluster csr "${name}" is auto approved by hub csr controller`
      hub.events?.event(csr, "Normal", "ManagedClusterCSRAutoApproved", "Approve", note)
    },
  })
}

/** Whether the request is for the hub or its administrators to decide, and is not decided. */
const isOpen = ({ spec, status }: CertificateSigningRequest) =>
  spec.signerName === CLIENT_SIGNER && (status?.conditions ?? []).length === 0

async function mayRenew(hub: Hub, { spec }: CertificateSigningRequest, signal: AbortSignal): Promise<boolean> {
  const review = await hub.client.create(
    SUBJECT_ACCESS_REVIEWS,
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: {
        resourceAttributes: {
          verb: "renew",
          group: REGISTER_GROUP,
          resource: "managedclusters",
          subresource: "clientcertificates",
        },
        user: spec.username ?? "",
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
        ...(spec.groups === undefined ? {} : { groups: spec.groups }),
        ...(spec.extra === undefined ? {} : { extra: spec.extra }),
      },
    },
    { signal },
  )
  return review.status?.allowed === true
}
