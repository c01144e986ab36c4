// CSR: approves the certificate requests of clusters' agents.
//
// Reads:    CertificateSigningRequest that carry a cluster's label (hub cache).    Wakes on: them.
// Writes:   CertificateSigningRequest approval; asks SubjectAccessReview for renewals.
// Refuses:  requests made with a token for one cluster for anything else, or a second time.
// Gives up when: the request is decided, or is for people to decide.
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { SUBJECT_ACCESS_REVIEWS } from "#api/kubernetes/authorization.ts"
import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { approvedMs, boundUser } from "./bound-token.plan.ts"
import { REGISTER_GROUP } from "./cluster-rbac.ts"
import { approve, deny, judgeCsr, type AutoApproval } from "./csr.plan.ts"
import type { Hub } from "./hub.ts"

const BY_TOKEN = "registration/token-of-request"

export function startCsrApproval(runtime: Runtime, hub: Hub, approval: AutoApproval): void {
  const requests = hub.informers.informer(CERTIFICATE_SIGNING_REQUESTS, { labelSelector: CLUSTER_NAME_LABEL })
  requests.addIndex(BY_TOKEN, (request) => [boundUser(request) ?? ""].filter(Boolean))
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
      if (verdict.decision === "leave")
        return runtime.log.debug("Certificate request left alone", { csr: name, why: verdict.why })
      if (verdict.decision === "ask renew" && !(await mayRenew(hub, csr, signal))) return
      const writing = { log: runtime.log, signal }
      if (verdict.decision === "deny") {
        runtime.log.warn("Certificate request refused", { csr: name, why: verdict.why })
        await applyPlan(hub.client, { actions: [deny(csr, verdict.why, nowMs)] }, writing)
        return
      }
      // Also when the write fails: it may have arrived, and another try is about the same request.
      if (user !== undefined) approving.set(user, name)
      await applyPlan(hub.client, { actions: [approve(csr, nowMs)] }, writing)
    },
  })
}

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
