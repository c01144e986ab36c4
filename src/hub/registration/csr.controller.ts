// CSR: approves the certificate requests of clusters' agents.
//
// Reads:    CertificateSigningRequest that carry a cluster's label (hub cache).    Wakes on: them.
// Writes:   CertificateSigningRequest approval; asks SubjectAccessReview for renewals.
// Gives up when: the request is decided, or is for people to decide.
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { SUBJECT_ACCESS_REVIEWS } from "#api/kubernetes/authorization.ts"
import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { REGISTER_GROUP } from "./cluster-rbac.ts"
import { approve, judgeCsr, type AutoApproval } from "./csr.plan.ts"
import type { Hub } from "./hub.ts"

export function startCsrApproval(runtime: Runtime, hub: Hub, approval: AutoApproval): void {
  const requests = hub.informers.informer(CERTIFICATE_SIGNING_REQUESTS, { labelSelector: CLUSTER_NAME_LABEL })

  startController(runtime, {
    name: "csr-approval",
    workers: 16,
    sources: [{ informer: requests, keysOf: ({ object }) => [object.metadata.name ?? ""] }],
    reconcile: async (name, signal) => {
      const csr = requests.get(name)
      if (csr === undefined) return
      const verdict = judgeCsr(csr, approval)
      if (verdict.decision === "leave")
        return runtime.log.debug("Certificate request left alone", { csr: name, why: verdict.why })
      if (verdict.decision === "ask renew" && !(await mayRenew(hub, csr, signal))) return
      await applyPlan(hub.client, { actions: [approve(csr, runtime.clock.nowMs())] }, { log: runtime.log, signal })
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
