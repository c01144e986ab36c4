import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CLIENT_SIGNER,
  type CertificateSigningRequest,
} from "#api/kubernetes/certificates.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatTime, parseTimeMs, sleep } from "#lib/clock.ts"
import { approvedMs, boundCluster, boundUser } from "#hub/registration/bound-token.plan.ts"
import { formOf } from "#hub/registration/csr.plan.ts"
import type { KubeClient } from "#kube/client.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

const POLL_MS = 500

/** Approves the cluster's pending requests for a certificate and lets the cluster in; repeated, it changes nothing. */
export async function runAccept(
  terminal: Terminal,
  client: KubeClient,
  names: readonly string[],
  options: { readonly waitSeconds: number; readonly skipApproveCheck: boolean },
): Promise<void> {
  for (const name of names) {
    const deadlineMs = terminal.clock.nowMs() + options.waitSeconds * 1000
    for (;;) {
      const say = (line: string) => terminal.stdout(`${line}\n`)
      const nowMs = terminal.clock.nowMs()
      if (await acceptCluster(client, name, { ...options, nowMs, say })) break
      if (terminal.clock.nowMs() >= deadlineMs) {
        throw new CommandError(`Cannot accept "${name}": no cluster of that name has asked to join`, {
          exitCode: options.waitSeconds > 0 ? EXIT.timeout : EXIT.failed,
          next: `start its agent ("hawser token" prints the line), then run this again; --wait waits for it`,
        })
      }
      await sleep(terminal.clock, POLL_MS, terminal.interrupted)
    }
  }
}

/** @returns false while the cluster is not there */
export async function acceptCluster(
  client: KubeClient,
  name: string,
  options: { readonly nowMs: number; readonly skipApproveCheck: boolean; readonly say: (line: string) => void },
): Promise<boolean> {
  try {
    const cluster = await client.get(MANAGED_CLUSTERS, { name })
    const requests = await client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector: `${CLUSTER_NAME_LABEL}=${name}` })
    const pending = requests.items.filter(
      (csr) => isPending(csr) && csr.metadata.labels?.["open-cluster-management.io/addon-name"] === undefined,
    )
    for (const csr of withoutSecondUses(pending.filter(isWellFormed(name, options.say)), requests.items)) {
      if (!options.skipApproveCheck) checkRequester(csr, name)
      await client.update(CERTIFICATE_SIGNING_REQUESTS, approved(csr, options.nowMs), {
        subresource: "approval",
      })
      options.say(`certificate request ${csr.metadata.name} approved`)
    }
    if (!cluster.spec.hubAcceptsClient) {
      await client.patch(MANAGED_CLUSTERS, { name }, { merge: { spec: { hubAcceptsClient: true } } })
    }
    options.say(`cluster ${name} accepted`)
    return true
  } catch (error) {
    if (hasReason(error, "NotFound")) return false
    throw error
  }
}

/** A token for one cluster is good for one request: the newest, by the agent that still waits. The hub refuses the rest. */
function withoutSecondUses(
  pending: readonly CertificateSigningRequest[],
  all: readonly CertificateSigningRequest[],
): readonly CertificateSigningRequest[] {
  const madeMs = ({ metadata }: CertificateSigningRequest) => parseTimeMs(metadata.creationTimestamp) ?? 0
  const used = new Set(all.filter((csr) => approvedMs(csr) !== undefined).map(boundUser))
  return pending
    .toSorted((a, b) => madeMs(b) - madeMs(a))
    .filter((csr) => {
      const user = boundUser(csr)
      if (user === undefined) return true
      if (used.has(user)) return false
      used.add(user)
      return true
    })
}

/** A label says for whom a request is; what it asks for may be another's name. Such a one is nobody's to approve here. */
const isWellFormed = (cluster: string, say: (line: string) => void) => (csr: CertificateSigningRequest) => {
  const form = formOf(csr, cluster)
  const isForUs = csr.spec.signerName === CLIENT_SIGNER
  if ("wrong" in form && isForUs) say(`certificate request ${csr.metadata.name} not approved: ${form.wrong}`)
  return isForUs && !("wrong" in form)
}

const isPending = (csr: CertificateSigningRequest) => (csr.status?.conditions ?? []).length === 0

/** A request made by somebody who is not a joining agent may ask for another's name. */
function checkRequester(csr: CertificateSigningRequest, cluster: string): void {
  const user = csr.spec.username ?? ""
  const groups = csr.spec.groups ?? []
  const bound = boundCluster(groups)
  const known =
    user.startsWith("system:bootstrap:") ||
    user === "system:serviceaccount:open-cluster-management:agent-registration-bootstrap" ||
    user.startsWith(`system:open-cluster-management:${cluster}:`)
  const expected =
    bound === undefined
      ? groups.includes("system:bootstrappers:managedcluster") ||
        groups.includes("system:serviceaccounts:open-cluster-management") ||
        groups.includes(`system:open-cluster-management:${cluster}`)
      : bound === cluster
  if (known && expected) return
  throw new CommandError(`Cannot approve ${csr.metadata.name}: asked for by "${user}", want a joining agent`, {
    exitCode: EXIT.refused,
    next: `look at it (kubectl get csr ${csr.metadata.name} -o yaml), then use --skip-approve-check`,
  })
}

function approved(csr: CertificateSigningRequest, nowMs: number): CertificateSigningRequest {
  const at = formatTime(nowMs)
  const condition = {
    type: "Approved",
    status: "True" as const,
    reason: "HawserAccept",
    message: "Approved by hawser accept",
    lastUpdateTime: at,
    lastTransitionTime: at,
  }
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } }
}
