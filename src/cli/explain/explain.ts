// `hawser explain cluster|work`: reads what there is, and says why it is so.
import { DETACHED_LEASE } from "#api/cluster/detached.ts"
import { ADDON_NAME_LABEL, CLUSTER_LEASE, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatYaml } from "#lib/yaml.ts"
import type { KubeClient } from "#kube/client.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { explainCluster, type SeenCluster } from "./cluster.plan.ts"
import { formatExplanation, type Explanation } from "./explanation.ts"
import { explainWork } from "./work.plan.ts"

export type ExplainOptions = { readonly namespace?: string; readonly output?: string }

/** @param name  a cluster's; of a work `CLUSTER/NAME`, or `NAME` with its cluster as namespace */
export async function runExplain(
  terminal: Terminal,
  client: KubeClient,
  what: string,
  name: string,
  options: ExplainOptions,
): Promise<void> {
  const explanation = await explain(terminal, client, what, name, options)
  if (options.output === "json") terminal.stdout(`${JSON.stringify(explanation, null, 2)}\n`)
  else if (options.output === "yaml") terminal.stdout(formatYaml(explanation))
  else terminal.stdout(formatExplanation(explanation, terminal.clock.nowMs()))
}

async function explain(
  terminal: Terminal,
  client: KubeClient,
  what: string,
  name: string,
  { namespace }: ExplainOptions,
): Promise<Explanation> {
  if (/^(managed)?clusters?$/.test(what)) return explainCluster(await lookAtCluster(terminal, client, name))
  if (!/^(manifest)?works?$/.test(what)) {
    throw new CommandError(`Cannot explain "${what}": want cluster or work`, { exitCode: EXIT.usage })
  }
  const [cluster, work] = name.includes("/") ? (name.split("/", 2) as [string, string]) : [namespace, name]
  if (cluster === undefined) {
    throw new CommandError(`Cannot explain work "${name}": want its cluster`, {
      exitCode: EXIT.usage,
      next: `hawser explain work CLUSTER/${name}`,
    })
  }
  const seen = await lookAtCluster(terminal, client, cluster)
  return explainWork({
    cluster,
    name: work,
    work: await orAbsent(client.get(MANIFEST_WORKS, { namespace: cluster, name: work })),
    managedCluster: seen.cluster,
    clusterExplained: explainCluster(seen),
  })
}

/** Works of one cluster that are looked at: enough to say which are not well. */
const WORKS_MAX = 500

async function lookAtCluster(terminal: Terminal, client: KubeClient, name: string): Promise<SeenCluster> {
  const labelSelector = `${CLUSTER_NAME_LABEL}=${name},!${ADDON_NAME_LABEL}`
  const [cluster, requests, lease, detached, works] = await Promise.all([
    orAbsent(client.get(MANAGED_CLUSTERS, { name })),
    client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector }),
    orAbsent(client.get(LEASES, { namespace: name, name: CLUSTER_LEASE })),
    orAbsent(client.get(LEASES, { namespace: name, name: DETACHED_LEASE })),
    client.list(MANIFEST_WORKS, { namespace: name, limit: WORKS_MAX }),
  ])
  const newestFirst = requests.items.toSorted((a, b) =>
    (a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? 1 : -1,
  )
  const nowMs = terminal.clock.nowMs()
  return { name, cluster, requests: newestFirst, lease, detached, works: works.items, nowMs }
}

async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}
