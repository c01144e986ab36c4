// Signing: certificates for approved requests, and the end of old requests.
//
// Reads:    CertificateSigningRequest.   Wakes on: it, and the end of its time.
// Writes:   CertificateSigningRequest status (certificate, Failed), and deletes old ones: approved, denied and failed ones
//           an hour after that, others after a day.
// Gives up when: the request is gone.
import { CERTIFICATE_SIGNING_REQUESTS, type CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { CertificateAuthority } from "#lib/x509/authority.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planCertificateSigning } from "./sign-certificate.plan.ts"

const DECIDED_KEPT_MS = 3_600_000
const PENDING_KEPT_MS = 24 * 3_600_000

export function startSigning(runtime: Runtime, cluster: Cluster, ca: CertificateAuthority): void {
  const requests = cluster.informers.informer(CERTIFICATE_SIGNING_REQUESTS)
  startController(runtime, {
    name: "csr-signing",
    workers: 8,
    sources: [
      { informer: requests, keysOf: ({ object, kind }) => (kind === "deleted" ? [] : [object.metadata.name ?? ""]) },
    ],
    reconcile: async (name, signal) => {
      const request = requests.get(name)
      if (request === undefined) return
      const nowMs = runtime.clock.nowMs()
      const endsMs = endOf(request)
      if (nowMs >= endsMs) {
        const { uid } = request.metadata
        const removal = {
          do: "delete",
          type: CERTIFICATE_SIGNING_REQUESTS as never,
          key: { name },
          ...(uid === undefined ? {} : { uid }),
        } as const
        return applyPlan(cluster.client, { actions: [removal] }, { log: runtime.log, signal })
      }
      await applyPlan(cluster.client, planCertificateSigning({ request, ca, nowMs, random: runtime.random }), {
        log: runtime.log,
        signal,
      })
      return { requeueAfterMs: endsMs - nowMs }
    },
  })
}

/** When a request has been kept long enough. */
export function endOf({ metadata, status }: CertificateSigningRequest): number {
  const decided = (status?.conditions ?? []).map((c) => parseTimeMs(c.lastTransitionTime ?? c.lastUpdateTime) ?? 0)
  const created = parseTimeMs(metadata.creationTimestamp) ?? 0
  return decided.length === 0 ? created + PENDING_KEPT_MS : Math.max(...decided) + DECIDED_KEPT_MS
}
