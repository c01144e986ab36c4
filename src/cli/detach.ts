// `hawser detach`: the end of clusters' membership, watched until the hub has let go of them.
import {
  DETACH_GRACE_ANNOTATION,
  DETACH_WORKLOADS_ANNOTATION,
  DETACHED_LEASE,
  tombstonesOf,
} from "#api/cluster/detached.ts"
import { AVAILABLE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatTime, sleep } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { newProgress, type Progress } from "./progress.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

export type DetachOptions = {
  /** How long the works of a cluster that is not heard of are waited for. Default: as the hub does, ten minutes. */
  readonly graceSeconds?: number
  readonly keepWorkloads: boolean
  readonly wait: boolean
  readonly timeoutSeconds: number
  readonly quiet: boolean
}

const POLL_MS = 500

/** Deletes the clusters side by side; run again after an interrupt, it goes on watching. */
export async function runDetach(
  terminal: Terminal,
  client: KubeClient,
  names: readonly string[],
  options: DetachOptions,
): Promise<void> {
  const started: { readonly name: string; readonly uid: string | undefined }[] = []
  for (const name of names) started.push({ name, uid: await beginDetach(terminal, client, name, options) })
  if (!options.wait) return
  const progress = newProgress(terminal, options.quiet)
  const deadlineMs = terminal.clock.nowMs() + options.timeoutSeconds * 1000
  const late: string[] = []
  for (const { name, uid } of started) {
    if (uid === undefined) continue
    const waits = await untilGone(terminal, client, { name, uid, deadlineMs, progress })
    if (waits !== undefined) late.push(`${name}: ${waits}`)
    else terminal.stdout(`managedcluster.cluster.open-cluster-management.io/${name} detached\n`)
  }
  if (late.length === 0) return
  throw new CommandError(`Cannot wait any longer: still there\n  ${late.join("\n  ")}`, {
    exitCode: EXIT.timeout,
    next: "the hub goes on by itself; run this again to watch it, or with --force not to wait for the agent",
  })
}

/** @returns the uid of what is on its way out; undefined: there is nothing to wait for */
async function beginDetach(
  terminal: Terminal,
  client: KubeClient,
  name: string,
  { graceSeconds, keepWorkloads }: DetachOptions,
): Promise<string | undefined> {
  let cluster: ManagedCluster
  try {
    cluster = await client.get(MANAGED_CLUSTERS, { name })
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
    const was = await lastDetached(client, name)
    if (was === undefined) {
      throw new CommandError(`Cannot detach "${name}": the hub has no cluster of that name`, {
        next: "hawser get clusters",
      })
    }
    terminal.stdout(`managedcluster.cluster.open-cluster-management.io/${name} detached before (${was})\n`)
    return undefined
  }
  const annotations = {
    ...(graceSeconds === undefined ? {} : { [DETACH_GRACE_ANNOTATION]: `${graceSeconds}s` }),
    ...(keepWorkloads ? { [DETACH_WORKLOADS_ANNOTATION]: "keep" } : {}),
  }
  const { uid = "", deletionTimestamp } = cluster.metadata
  if (keepWorkloads && deletionTimestamp !== undefined && !keeps(cluster)) {
    throw new CommandError(`Cannot keep the workloads of "${name}": it is being detached already, and they with it`, {
      exitCode: EXIT.refused,
    })
  }
  if (Object.keys(annotations).length > 0) {
    await client.patch(MANAGED_CLUSTERS, { name }, { merge: { metadata: { uid, annotations } } })
  }
  if (deletionTimestamp === undefined) await client.delete(MANAGED_CLUSTERS, { name }, { uid })
  if (!isConditionTrue(cluster.status?.conditions, AVAILABLE) && graceSeconds === undefined) {
    terminal.stderr(
      `Warning: the agent of "${name}" is not heard of; its works are let go after ten minutes, with --force at once\n`,
    )
  }
  return uid
}

const keeps = ({ metadata }: ManagedCluster) => metadata.annotations?.[DETACH_WORKLOADS_ANNOTATION] === "keep"

/** @returns undefined once it is gone, else what it waits for */
async function untilGone(
  terminal: Terminal,
  client: KubeClient,
  {
    name,
    uid,
    deadlineMs,
    progress,
  }: { readonly name: string; readonly uid: string; readonly deadlineMs: number; readonly progress: Progress },
): Promise<string | undefined> {
  for (;;) {
    const cluster = await client.get(MANAGED_CLUSTERS, { name }).catch((error: unknown) => {
      if (hasReason(error, "NotFound")) return undefined
      throw error
    })
    if (cluster === undefined || cluster.metadata.uid !== uid) {
      progress.done(`${name} is detached`)
      return undefined
    }
    const waits = whatHolds(cluster)
    progress.update(`${name}: ${waits}`)
    if (terminal.clock.nowMs() >= deadlineMs) {
      progress.clear()
      return waits
    }
    await sleep(terminal.clock, POLL_MS, terminal.interrupted)
  }
}

function whatHolds({ metadata, status }: ManagedCluster): string {
  const deleting = findCondition(status?.conditions, "Deleting")
  if (deleting?.status === "True") return `held by ${(metadata.finalizers ?? []).join(", ")}`
  return deleting?.message ?? "the hub has not begun; is `hawser hub` running?"
}

async function lastDetached(client: KubeClient, name: string): Promise<string | undefined> {
  try {
    const last = tombstonesOf(await client.get(LEASES, { namespace: name, name: DETACHED_LEASE })).at(-1)
    if (last === undefined) return undefined
    const at = `at ${formatTime(last.detachedMs)}`
    return last.clearedMs === undefined
      ? `${at}; its agent has not come back to clear up`
      : `${at}; its agent has cleared up at ${formatTime(last.clearedMs)}`
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}
