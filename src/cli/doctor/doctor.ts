// `hawser doctor`: looks at the hub and the fleet from the outside, and says what is wrong.
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { hubCrds } from "#api/crds.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { DRIFTED, WORK_APPLIED, WORK_AVAILABLE } from "#api/work/names.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { Connection } from "#cli/connect.ts"
import { pagesOf } from "#cli/pages.ts"
import { CommandError, type Terminal } from "#cli/terminal.ts"
import { HUB_COMPONENTS_NAMESPACE } from "#hub/install/names.ts"
import type { KubeClient } from "#kube/client.ts"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { readBody } from "#lib/http.ts"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { formatYaml } from "#lib/yaml.ts"
import { formatChecks } from "./check.ts"
import { newClusterTally, planChecks, tallyCluster, type ClusterTally, type WorkTally } from "./doctor.plan.ts"

const LEADER_LEASE = "hawser-hub"

export async function runDoctor(
  terminal: Terminal,
  { client, kubeconfig }: Pick<Connection, "client" | "kubeconfig">,
  output: string | undefined,
): Promise<void> {
  const { clock } = terminal
  const version = await askVersion(terminal, client)
  const nowMs = clock.nowMs()
  const missingKinds = await findMissingKinds(terminal, client)
  const isInstalled = missingKinds.length === 0
  const [leader, requests, clusters, works] = await Promise.all([
    leaderOf(client),
    client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector: CLUSTER_NAME_LABEL }),
    isInstalled ? tallyClusters(client, nowMs) : newClusterTally(),
    isInstalled ? tallyWorks(client) : { total: 0, refused: [], missing: [], drifting: [] },
  ])
  const checks = planChecks({
    server: kubeconfig.server,
    ...version,
    missingKinds,
    certificateEndsMs: kubeconfig.cert === undefined ? undefined : parseCertificate(kubeconfig.cert).notAfterMs,
    leader,
    requests: requests.items,
    clusters,
    works,
    nowMs,
  })
  if (output === "json") terminal.stdout(`${JSON.stringify(checks, null, 2)}\n`)
  else if (output === "yaml") terminal.stdout(formatYaml(checks))
  else terminal.stdout(formatChecks(checks))
  const bad = checks.filter(({ status }) => status === "bad").length
  if (bad > 0) throw new CommandError(`${bad} ${bad === 1 ? "check does" : "checks do"} not hold`)
}

async function askVersion(terminal: Terminal, client: KubeClient) {
  const sentMs = terminal.clock.nowMs()
  const answer = await client.raw("GET", "/version")
  const nowMs = terminal.clock.nowMs()
  const { gitVersion } = JSON.parse(Buffer.from(await readBody(answer.body)).toString()) as { gitVersion?: string }
  const date = Date.parse(String(answer.headers["date"] ?? ""))
  // The header says whole seconds: half of one is the best guess.
  const skewMs = Number.isNaN(date) ? undefined : date + 500 - (sentMs + nowMs) / 2
  return { version: gitVersion ?? "of no known version", tookMs: nowMs - sentMs, skewMs }
}

async function findMissingKinds(terminal: Terminal, client: KubeClient): Promise<readonly string[]> {
  const mapper = newRestMapper({ client, clock: terminal.clock })
  const missing: string[] = []
  for (const { spec } of hubCrds()) {
    const { group, names, versions } = spec as { group: string; names: { kind: string }; versions: { name: string }[] }
    const version = versions.at(-1)?.name ?? ""
    if ((await mapper.resourceFor(`${group}/${version}`, names.kind)) === undefined) missing.push(names.kind)
  }
  return missing
}

async function leaderOf(client: KubeClient) {
  try {
    return await client.get(LEASES, { namespace: HUB_COMPONENTS_NAMESPACE, name: LEADER_LEASE })
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}

async function tallyClusters(client: KubeClient, nowMs: number): Promise<ClusterTally> {
  const tally = newClusterTally()
  for await (const page of pagesOf(client, MANAGED_CLUSTERS)) {
    for (const cluster of page) tallyCluster(tally, cluster, nowMs)
  }
  return tally
}

async function tallyWorks(client: KubeClient): Promise<WorkTally> {
  const tally: WorkTally = { total: 0, refused: [], missing: [], drifting: [] }
  for await (const page of pagesOf(client, MANIFEST_WORKS)) {
    for (const { metadata, status } of page) {
      const key = `${metadata.namespace}/${metadata.name}`
      const says = (type: string) => findCondition(status?.conditions, type)?.status
      tally.total++
      if (says(WORK_APPLIED) === "False") tally.refused.push(key)
      else if (says(WORK_AVAILABLE) !== "True") tally.missing.push(key)
      if (says(DRIFTED) === "True") tally.drifting.push(key)
    }
  }
  return tally
}
