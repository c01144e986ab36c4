import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { agentUser } from "#api/cluster/names.ts"
import type { CertificateRequests } from "#agent/hub-link.ts"
import type { Runtime } from "#runtime/controller.ts"
import { agentSubject, isHalted, newSigningRequest, planAnswer } from "./certificate-request.plan.ts"
import type { RequestAnswer } from "./certificate-request.plan.ts"

export type CertificateRequest = {
  readonly clusterName: string
  readonly agentName: string
  /** Asked for; the hub may give less. Default: what the hub gives. */
  readonly expirationSeconds?: number
  /** The client speaks as the agent itself. */
  readonly renews?: boolean
}

export type IssuedCertificate = { readonly certificate: string; readonly key: string }

/** The hub said no, or has too many requests of this cluster. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused"
}

/**
 * Gets a certificate for a new key, as the link's user. Waits for approval as long as it takes.
 * @throws RequestRefused; what the link throws when the request cannot be made; the signal's reason
 */
export async function requestCertificate(
  { clock, random, log }: Omit<Runtime, "signal">,
  requests: CertificateRequests,
  { clusterName, agentName, expirationSeconds, renews }: CertificateRequest,
  signal: AbortSignal,
): Promise<IssuedCertificate> {
  const earlier = await requests.list(clusterName, signal)
  if (isHalted(clusterName, earlier, renews ? agentUser(clusterName, agentName) : undefined)) {
    throw new RequestRefused("Stop creating csr since there are too many csr created already on hub")
  }
  const key = newPrivateKey(random)
  const pem = createCsr({ key, random, ...agentSubject(clusterName, agentName) })
  const request = newSigningRequest(clusterName, pem, expirationSeconds)
  const created = await requests.create(request, signal)
  const name = created.metadata.name!
  log.info("Asked the hub for a certificate", { request: name })
  const answer = await waitForAnswer({ clock, random, log }, requests, created, signal)
  if (answer.state === "signed") return { certificate: answer.certificate, key: privateKeyPem(key) }
  throw new RequestRefused(`Cannot get certificate: request ${name} was ${answer.why}`)
}

/** Follows one request until it is answered. */
function waitForAnswer(
  { clock, random, log }: Omit<Runtime, "signal">,
  requests: CertificateRequests,
  created: CertificateSigningRequest,
  signal: AbortSignal,
): Promise<Exclude<RequestAnswer, { state: "waiting" }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Exclude<RequestAnswer, { state: "waiting" }>>()
  const stop = new AbortController()
  const name = created.metadata.name!
  const judge = (request: CertificateSigningRequest) => {
    const answer = planAnswer(request)
    if (answer.state !== "waiting") resolve(answer)
  }
  judge(created)
  const within = { clock, random, log, signal: AbortSignal.any([signal, stop.signal]) }
  requests.follow(within, name, (request) => {
    if (request) judge(request)
    else resolve({ state: "refused", why: "deleted before it was answered" })
  })
  const onAbort = () => reject(signal.reason as Error)
  if (signal.aborted) onAbort()
  else signal.addEventListener("abort", onAbort, { once: true })
  return promise.finally(() => {
    signal.removeEventListener("abort", onAbort)
    stop.abort()
  })
}
