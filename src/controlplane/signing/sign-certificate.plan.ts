import { formatTime } from "#lib/clock.ts"
import { describeError } from "#lib/log.ts"
import type { Random } from "#lib/random.ts"
import { BACKDATE_MS, DAY_MS, signCertificate } from "#lib/x509/authority.ts"
import type { CertificateAuthority } from "#lib/x509/authority.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { parseCsr } from "#lib/x509/csr.ts"
import type { CertificateRequest } from "#lib/x509/csr.ts"
import { CERTIFICATE_USAGES, EXTENDED_USAGE_OF, KEY_USAGE_OF } from "#api/kubernetes/certificate-usages.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { NOTHING } from "#runtime/plan.ts"
import type { Plan } from "#runtime/plan.ts"

const LIFETIME_MAX_MS = 365 * DAY_MS
/** Backdating by five minutes must not eat up a certificate. */
const LIFETIME_MIN_MS = 10 * 60 * 1000
/** Below this the end is not backdated: five minutes would be noticed. Source: pkg/controller/certificates/signer. */
const SHORT_MS = 8 * 60 * 60 * 1000

type Check = (request: CertificateRequest, usages: readonly string[]) => string | undefined

/** The signers of Kubernetes that a control plane itself is, with what each asks of a request. */
const CHECKS = new Map<string, Check>([
  ["kubernetes.io/kube-apiserver-client", checkClient],
  ["kubernetes.io/kube-apiserver-client-kubelet", checkKubeletClient],
  ["kubernetes.io/kubelet-serving", checkKubeletServing],
  ["kubernetes.io/legacy-unknown", () => undefined],
])

/** Signs an approved request whose signer we are, or says by a Failed condition why that can never be. */
export function planCertificateSigning(observed: {
  readonly request: CertificateSigningRequest
  readonly ca: CertificateAuthority
  readonly nowMs: number
  readonly random: Random
}): Plan {
  const { request: csr, ca, nowMs, random } = observed
  const check = CHECKS.get(csr.spec.signerName)
  if (check === undefined) return NOTHING
  const conditions = csr.status?.conditions ?? []
  const isTrue = (type: string) => conditions.some((c) => c.type === type && c.status === "True")
  if (csr.status?.certificate || isTrue("Denied") || isTrue("Failed")) return NOTHING
  if (!isTrue("Approved")) return { actions: [], why: ["waits for approval"] }
  if (nowMs >= ca.certificate.notAfterMs) return { actions: [], why: ["the signing authority has expired"] }

  const usages = csr.spec.usages ?? []
  let parsed: CertificateRequest
  try {
    parsed = parseCsr(Buffer.from(csr.spec.request, "base64").toString("utf8"))
  } catch (error) {
    return fail(csr, nowMs, describeError(error))
  }
  const refusal = check(parsed, usages) ?? unknownUsages(usages)
  if (refusal !== undefined) return fail(csr, nowMs, refusal)

  const { commonName, organizations, organizationalUnits } = parsed.subject
  const lifetimeMs = lifetimeOf(csr.spec.expirationSeconds)
  const endMs = nowMs + (lifetimeMs < SHORT_MS ? lifetimeMs : lifetimeMs - BACKDATE_MS)
  const certificate = signCertificate({
    ca,
    random,
    // Nothing else of the subject is taken over: a uid in it would be believed.
    subject: { commonName, organizations, organizationalUnits },
    publicKey: parsed.publicKey,
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: Math.min(endMs, ca.certificate.notAfterMs),
    keyUsages: usages.flatMap((usage) => KEY_USAGE_OF[usage] ?? []),
    usages: [...new Set(usages.flatMap((usage) => EXTENDED_USAGE_OF[usage] ?? []))],
    ...parsed.altNames,
  })
  return statusPatch(csr, { certificate: Buffer.from(certificatePem(certificate)).toString("base64") })
}

function lifetimeOf(expirationSeconds: number | undefined): number {
  if (expirationSeconds === undefined) return LIFETIME_MAX_MS
  return Math.min(Math.max(expirationSeconds * 1000, LIFETIME_MIN_MS), LIFETIME_MAX_MS)
}

function statusPatch(csr: CertificateSigningRequest, status: Record<string, unknown>): Plan {
  const { name = "", uid, resourceVersion } = csr.metadata
  return {
    actions: [
      {
        do: "patch",
        type: CERTIFICATE_SIGNING_REQUESTS,
        key: { name },
        subresource: "status",
        patch: { status },
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    ],
  }
}

function fail(csr: CertificateSigningRequest, nowMs: number, message: string): Plan {
  const now = formatTime(nowMs)
  const failed = {
    type: "Failed",
    status: "True",
    reason: "SignerValidationFailure",
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  }
  return { ...statusPatch(csr, { conditions: [...(csr.status?.conditions ?? []), failed] }), why: [message] }
}

function unknownUsages(usages: readonly string[]): string | undefined {
  const unknown = usages.filter((usage) => !CERTIFICATE_USAGES.includes(usage))
  return unknown.length === 0 ? undefined : `unrecognized usage values: ${JSON.stringify(unknown)}`
}

function checkClient({ subject }: CertificateRequest, usages: readonly string[]): string | undefined {
  // Admission refuses it, too; a certificate for it would outlive any mistake there.
  if (subject.organizations.includes("system:masters")) return "subject organization system:masters is not allowed"
  const other = usages.find((usage) => !["client auth", "digital signature", "key encipherment"].includes(usage))
  if (other !== undefined) return `invalid usage for client certificate: ${other}`
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth"
}

function checkKubeletClient(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request.altNames
  return (
    checkNodeOrganization(request) ??
    (dnsNames.length > 0 ? "DNS subjectAltNames are not allowed" : undefined) ??
    (emailAddresses.length > 0 ? "Email subjectAltNames are not allowed" : undefined) ??
    (ipAddresses.length > 0 ? "IP subjectAltNames are not allowed" : undefined) ??
    (uris.length > 0 ? "URI subjectAltNames are not allowed" : undefined) ??
    checkNodeName(request) ??
    checkNodeUsages(usages, "client auth")
  )
}

function checkKubeletServing(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request.altNames
  return (
    checkNodeOrganization(request) ??
    (dnsNames.length + ipAddresses.length === 0 ? "DNS or IP subjectAltName is required" : undefined) ??
    (emailAddresses.length > 0 ? "Email subjectAltNames are not allowed" : undefined) ??
    (uris.length > 0 ? "URI subjectAltNames are not allowed" : undefined) ??
    checkNodeUsages(usages, "server auth") ??
    checkNodeName(request)
  )
}

function checkNodeOrganization({ subject }: CertificateRequest): string | undefined {
  const { organizations } = subject
  return organizations.length === 1 && organizations[0] === "system:nodes"
    ? undefined
    : "subject organization is not system:nodes"
}

function checkNodeName({ subject }: CertificateRequest): string | undefined {
  return subject.commonName.startsWith("system:node:")
    ? undefined
    : "subject common name does not begin with system:node:"
}

/** Key encipherment is for RSA keys and may be left out. */
function checkNodeUsages(usages: readonly string[], purpose: string): string | undefined {
  const asked = new Set(usages)
  asked.delete("key encipherment")
  if (asked.size === 2 && asked.has("digital signature") && asked.has(purpose)) return undefined
  return `usages did not match [digital signature key encipherment ${purpose}]`
}
