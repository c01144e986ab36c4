import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { agentUser, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import type { KubeClient } from "#kube/client.ts"
import { runReflector } from "#kube/reflector.ts"
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
 * Gets a certificate for a new key, as the client's user. Waits for approval as long as it takes.
 * @throws RequestRefused; what the client throws when the request cannot be made; the signal's reason
 */
export async function requestCertificate(
  { clock, random, log }: Omit<Runtime, "signal">,
  client: KubeClient,
  { clusterName, agentName, expirationSeconds, renews }: CertificateRequest,
  signal: AbortSignal,
): Promise<IssuedCertificate> {
  const labelSelector = `${CLUSTER_NAME_LABEL}=${clusterName}`
  const { items } = await client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector, signal })
  if (isHalted(clusterName, items, renews ? agentUser(clusterName, agentName) : undefined)) {
    throw new RequestRefused("Stop creating csr since there are too many csr created already on hub")
  }
  const key = newPrivateKey(random)
  const pem = createCsr({ key, random, ...agentSubject(clusterName, agentName) })
  const request = newSigningRequest(clusterName, pem, expirationSeconds)
  const created = await client.create(CERTIFICATE_SIGNING_REQUESTS, request, { signal })
  const name = created.metadata.name!
  log.info("Asked the hub for a certificate", { request: name })
  const answer = await waitForAnswer({ clock, random, log }, client, created, signal)
  if (answer.state === "signed") return { certificate: answer.certificate, key: privateKeyPem(key) }
  throw new RequestRefused(`Cannot get certificate: request ${name} was ${answer.why}`)
}

/** Follows one request until it is answered. */
function waitForAnswer(
  { clock, random, log }: Omit<Runtime, "signal">,
  client: KubeClient,
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
  const gone = () => resolve({ state: "refused", why: "deleted before it was answered" })
  judge(created)
  void runReflector({
    client,
    type: CERTIFICATE_SIGNING_REQUESTS,
    scope: { fieldSelector: `metadata.name=${name}` },
    clock,
    random,
    log,
    signal: AbortSignal.any([signal, stop.signal]),
    sink: {
      replace: (requests) => {
        const request = requests.find(({ metadata }) => metadata.name === name)
        if (request) judge(request)
        else gone()
      },
      changed: judge,
      deleted: gone,
    },
  })
  const onAbort = () => reject(signal.reason as Error)
  if (signal.aborted) onAbort()
  else signal.addEventListener("abort", onAbort, { once: true })
  return promise.finally(() => {
    signal.removeEventListener("abort", onAbort)
    stop.abort()
  })
}
