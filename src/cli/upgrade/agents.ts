// `hawser upgrade agents`: another image for the agents that run as Deployments, in stages, through the hub.
import { AVAILABLE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { AGENT_CONTAINER, AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, MANAGED_BY_LABEL } from "#hub/install/names.ts"
import { sleep } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { newProgress, type Progress } from "#cli/progress.ts"
import { pagesOf } from "#cli/pages.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { FEEDBACK, stagesOf, standingOf, type Stage, type Standing } from "./upgrade.plan.ts"

export type UpgradeAgentsOptions = {
  readonly image: string
  /** Only these; all when empty. */
  readonly clusters: readonly string[]
  readonly selector?: string
  readonly stages: readonly Stage[]
  /** Of one stage. */
  readonly timeoutSeconds: number
  /** Say what would be done in which order, and do nothing. */
  readonly dryRun: boolean
  readonly quiet: boolean
}

/** Name of the work that carries the image, in each cluster's namespace. It stays, and says what the agent shall be. */
const WORK = "hawser-agent-upgrade"
/** Of the work, and on the member, where OCM's schema wants such a name. */
const FIELD_MANAGER = "work-agent-upgrade"
const POLL_MS = 500
/** Works written or read at a time. */
const AT_ONCE = 16

/** Run again after an interrupt or a failure, it goes on where it was. */
export async function runUpgradeAgents(
  terminal: Terminal,
  client: KubeClient,
  options: UpgradeAgentsOptions,
): Promise<void> {
  const { stages, away } = await layOut(client, options)
  const total = stages.reduce((sum, stage) => sum + stage.length, 0)
  if (total + away.length === 0) throw new CommandError("Cannot upgrade agents: no cluster is chosen")
  if (options.dryRun) return terminal.stdout(describe(stages, away))
  const progress = newProgress(terminal, options.quiet)
  let done = 0
  for (const [i, stage] of stages.entries()) {
    const named = `stage ${i + 1} of ${stages.length}`
    await bring(client, stage, options.image)
    const waiting = await untilDone(terminal, client, stage, { progress, named, seconds: options.timeoutSeconds })
    if (waiting.size > 0) throw stopped(named, waiting, total - done - stage.length + away.length)
    done += stage.length
    progress.done(`${named}: ${done} of ${total} agents run ${options.image}`)
  }
  await bring(client, away, options.image)
  if (away.length === 0) return
  terminal.stderr(`Not available now, and upgraded when they are heard of: ${away.join(", ")}\n`)
}

type Layout = { readonly stages: readonly (readonly string[])[]; readonly away: readonly string[] }

/** Clusters that are not heard of can neither answer nor be hurt: they come last, and nobody waits for them. */
async function layOut(client: KubeClient, options: UpgradeAgentsOptions): Promise<Layout> {
  const wanted = new Set(options.clusters)
  const chosen: ManagedCluster[] = []
  const scope = options.selector === undefined ? {} : { labelSelector: options.selector }
  for await (const page of pagesOf(client, MANAGED_CLUSTERS, scope)) chosen.push(...page)
  const missing = options.clusters.filter((name) => !chosen.some(({ metadata }) => metadata.name === name))
  if (missing.length > 0) {
    throw new CommandError(`Cannot upgrade agents: the hub has no cluster ${missing.join(", ")}`, {
      next: "hawser get clusters",
    })
  }
  const ours = chosen.filter(({ metadata }) => wanted.size === 0 || wanted.has(metadata.name ?? ""))
  const names = (heard: boolean) =>
    ours
      .filter(({ status }) => isConditionTrue(status?.conditions, AVAILABLE) === heard)
      .map(({ metadata }) => metadata.name ?? "")
  return { stages: stagesOf(names(true), options.stages), away: names(false) }
}

function describe(stages: Layout["stages"], away: readonly string[]): string {
  const lines = stages.map((stage, i) => `stage ${i + 1} of ${stages.length}: ${stage.join(", ")}`)
  if (away.length > 0) lines.push(`not available, when they are heard of: ${away.join(", ")}`)
  return lines.map((line) => `${line}\n`).join("")
}

const bring = (client: KubeClient, clusters: readonly string[], image: string): Promise<void> =>
  each(clusters, async (cluster) => {
    await client.apply(MANIFEST_WORKS, workFor(cluster, image), { fieldManager: FIELD_MANAGER, force: true })
  })

/** Only the image is said: whoever installed the agent says the rest. The work's end leaves it as it is. */
export function workFor(cluster: string, image: string): ManifestWork {
  const target = { namespace: AGENT_NAMESPACE, name: AGENT_SERVICE_ACCOUNT }
  const containers = [{ name: AGENT_CONTAINER, image }]
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { namespace: cluster, name: WORK, labels: MANAGED_BY_LABEL },
    spec: {
      workload: {
        manifests: [
          { apiVersion: "apps/v1", kind: "Deployment", metadata: target, spec: { template: { spec: { containers } } } },
        ],
      },
      deleteOption: { propagationPolicy: "Orphan" },
      manifestConfigs: [
        {
          resourceIdentifier: { group: "apps", resource: "deployments", ...target },
          updateStrategy: {
            type: "ServerSideApply",
            serverSideApply: { force: true, fieldManager: FIELD_MANAGER },
          },
          feedbackRules: [
            { type: "JSONPaths", jsonPaths: Object.entries(FEEDBACK).map(([name, path]) => ({ name, path })) },
          ],
        },
      ],
    },
  }
}

/** @returns the clusters that are not done, and why; none when the stage is */
async function untilDone(
  terminal: Terminal,
  client: KubeClient,
  stage: readonly string[],
  { progress, named, seconds }: { readonly progress: Progress; readonly named: string; readonly seconds: number },
): Promise<ReadonlyMap<string, Standing & { why: string }>> {
  const deadlineMs = terminal.clock.nowMs() + seconds * 1000
  for (;;) {
    const left = new Map<string, Standing & { why: string }>()
    await each(stage, async (cluster) => {
      const standing = standingOf(await client.get(MANIFEST_WORKS, { namespace: cluster, name: WORK }))
      if (standing.state !== "done") left.set(cluster, standing)
    })
    if (left.size === 0) return left
    progress.update(`${named}: ${stage.length - left.size} of ${stage.length}`)
    const hasFailed = [...left.values()].some(({ state }) => state === "failed")
    if (hasFailed || terminal.clock.nowMs() >= deadlineMs) {
      progress.clear()
      return left
    }
    await sleep(terminal.clock, POLL_MS, terminal.interrupted)
  }
}

function stopped(named: string, waiting: ReadonlyMap<string, Standing & { why: string }>, behind: number) {
  const failed = [...waiting].filter(([, { state }]) => state === "failed")
  const told = (failed.length > 0 ? failed : [...waiting]).slice(0, 10)
  const lines = told.map(([cluster, { why }]) => `\n  ${cluster}: ${why}`)
  return new CommandError(`Upgrade stopped in ${named}; ${behind} clusters are left as they were${lines.join("")}`, {
    exitCode: failed.length > 0 ? EXIT.failed : EXIT.timeout,
    next: "the agents of before go on; run this again with an image that works, or with the one of before",
  })
}

async function each(names: readonly string[], act: (name: string) => Promise<void>): Promise<void> {
  const rest = names.values()
  const worker = async () => {
    for (const name of rest) {
      await act(name).catch((cause: unknown) => {
        const next = hasReason(cause, "Forbidden") ? { next: "ask for the right to write works there" } : {}
        throw new CommandError(`Cannot upgrade the agent of "${name}"`, { cause, ...next })
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
