import { parseCsr } from "#lib/x509/csr.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { forbidden } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin, AdmissionRequest } from "#apiserver/admission/admission.ts"
import { GROUP_MASTERS } from "#apiserver/authentication/user.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import { objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Authorizer } from "#apiserver/request.ts"

const GROUP = "certificates.k8s.io"
const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"

/**
 * Who may approve and who may sign which certificate, and that nobody asks for an administrator's.
 * Source: k8s.io/kubernetes plugin/pkg/admission/certificates.
 */
export function certificateAdmission(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    validate(request) {
      const { resource, operation, subresource } = request
      if (resource.group !== GROUP || resource.resource !== "certificatesigningrequests") return
      if (operation === "CREATE" && subresource === "") refuseAdministrators(request)
      if (operation === "UPDATE" && subresource === "approval") requirePermission(authorizer, request, "approve")
      if (operation === "UPDATE" && subresource === "status" && changesOutcome(request)) {
        requirePermission(authorizer, request, "sign")
      }
    },
  }
}

function refuseAdministrators({ resource, name, object }: AdmissionRequest): void {
  const spec = objectIn(object, "spec")
  if (textIn(spec, "signerName") !== CLIENT_SIGNER) return
  let groups: readonly string[]
  try {
    groups = parseCsr(Buffer.from(textIn(spec, "request"), "base64").toString("utf8")).subject.organizations
  } catch (error) {
    throw forbidden(resource, name, `failed to parse CSR: ${(error as Error).message}`)
  }
  if (groups.includes(GROUP_MASTERS)) {
    throw forbidden(resource, name, `use of ${CLIENT_SIGNER} signer with ${GROUP_MASTERS} group is not allowed`)
  }
}

function changesOutcome({ object, before }: AdmissionRequest): boolean {
  const [status, old] = [objectIn(object, "status"), objectIn(before, "status")]
  return (
    textIn(status, "certificate") !== textIn(old, "certificate") ||
    !deepEqual(status["conditions"] ?? [], old["conditions"] ?? [])
  )
}

function requirePermission(authorizer: Authorizer, request: AdmissionRequest, verb: "approve" | "sign"): void {
  const { resource, name, user, before } = request
  // The stored signer counts: a request that changes it asks for the permission of the one that it had.
  const signerName = textIn(objectIn(before, "spec"), "signerName")
  if (mayUseSigner(authorizer, user, verb, signerName)) return
  throw forbidden(
    resource,
    name,
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  )
}

/** Whether a user may approve or sign for a signer, named itself or by its domain: `kubernetes.io/*`. */
export function mayUseSigner(
  authorizer: Authorizer,
  user: UserInfo,
  verb: "approve" | "sign",
  signerName: string,
): boolean {
  const domain = signerName.slice(0, Math.max(0, signerName.indexOf("/")))
  return [signerName, `${domain}/*`].some((name) => {
    const attributes = {
      resourceRequest: true,
      verb,
      group: GROUP,
      version: "*",
      resource: "signers",
      subresource: "",
      namespace: "",
      name,
    } as const
    return authorizer.authorize(user, attributes).allowed
  })
}
