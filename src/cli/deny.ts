import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatTime } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { CommandError, type Terminal } from "./terminal.ts"

/**
 * Shuts clusters out: their rights end at once, their pending requests for certificates are refused, their objects stay.
 * `hawser accept` lets them in again. Repeated, it changes nothing.
 */
export async function runDeny(terminal: Terminal, client: KubeClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const say = (line: string) => terminal.stdout(`${line}\n`)
    await denyCluster(client, name, { nowMs: terminal.clock.nowMs(), say })
  }
}

async function denyCluster(
  client: KubeClient,
  name: string,
  { nowMs, say }: { readonly nowMs: number; readonly say: (line: string) => void },
): Promise<void> {
  const labelSelector = `${CLUSTER_NAME_LABEL}=${name}`
  const { items } = await client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector })
  const pending = items.filter(({ status }) => (status?.conditions ?? []).length === 0)
  const at = formatTime(nowMs)
  const denied = {
    type: "Denied",
    status: "True" as const,
    reason: "HawserDeny",
    message: "The cluster was denied by an administrator",
    lastUpdateTime: at,
    lastTransitionTime: at,
  }
  for (const csr of pending) {
    const refused = { ...csr, status: { ...csr.status, conditions: [denied] } }
    await client.update(CERTIFICATE_SIGNING_REQUESTS, refused, { subresource: "approval" })
    say(`CSR ${csr.metadata.name} denied`)
  }
  try {
    const { spec } = await client.get(MANAGED_CLUSTERS, { name })
    if (spec.hubAcceptsClient) {
      await client.patch(MANAGED_CLUSTERS, { name }, { merge: { spec: { hubAcceptsClient: false } } })
      say(`set hubAcceptsClient to false for managed cluster ${name}`)
    } else if (pending.length === 0) say(`managed cluster ${name} is denied already`)
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
    if (pending.length > 0) return
    throw new CommandError(`Cannot deny "${name}": no cluster of that name has asked to join`, {
      next: "hawser get clusters",
    })
  }
}
