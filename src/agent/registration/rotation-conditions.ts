// What the ManagedCluster says of its agent's certificate. Words are OCM's.
import type { NewCondition } from "#apimachinery/conditions.ts"
import { CERTIFICATE_ROTATED } from "#api/cluster/names.ts"
import { certificatesOf } from "./credentials.plan.ts"
import type { HubCredentials } from "./credentials.ts"

export function rotatedCondition({ certificate }: HubCredentials): NewCondition {
  const [leaf] = certificatesOf(certificate)
  // As Go prints a time.
  const text = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`
  const range = leaf ? ` starting from ${text(leaf.notBeforeMs)} to ${text(leaf.notAfterMs)}` : ""
  return {
    type: CERTIFICATE_ROTATED,
    status: "True",
    reason: "ClientCertificateUpdated",
    message: `client certificate rotated${range}`,
  }
}

export function rotationFailed(error: unknown): NewCondition {
  return {
    type: CERTIFICATE_ROTATED,
    status: "False",
    reason: "ClientCertificateUpdateFailed",
    message: `Failed to rotated client certificate ${error instanceof Error ? error.message : String(error)}`,
  }
}
