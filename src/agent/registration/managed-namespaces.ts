// Managed namespaces: those that the cluster's sets on the hub want are on the member.
//
// Reads:    its own ManagedCluster (the session's cache); namespaces of the member that carry the hub's label.
// Wakes on: what the hub wants, and every few minutes while it wants anything: somebody may delete a namespace.
// Writes:   Namespace on the member (create, label). What came of it the session reports.
// Gives up when: the session ends. Namespaces stay: what is in them is not the hub's.
import { describeError } from "#lib/log.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { carryOut } from "#agent/carry-out.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Informer } from "#kube/informer.ts"
import type { Write } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import {
  managedNamespaceLabel,
  planNamespaces,
  wantedNamespaces,
  type NamespaceOutcomes,
} from "./managed-namespace.plan.ts"

export type ManagedNamespacesOptions = {
  readonly clusterName: string
  readonly clusters: Informer<ManagedCluster>
  readonly member: KubeClient
  /** Of the hub: several hubs may want namespaces of one cluster. */
  readonly hubHash: string
  /** Told whenever `outcomes` may differ. */
  readonly onOutcomes: (outcomes: NamespaceOutcomes) => void
}

const AGAIN_MS = 5 * 60_000
/** Of an answer that is quoted on the hub. */
const QUOTE_MAX = 1024

export function startManagedNamespaces(runtime: Runtime, options: ManagedNamespacesOptions): void {
  const { clusters, clusterName, member, onOutcomes } = options
  const label = managedNamespaceLabel(options.hubHash)
  let done: string | undefined
  startController(runtime, {
    name: "managed-namespaces",
    subject: "cluster",
    workers: 1,
    sources: [
      {
        informer: clusters,
        keysOf: ({ kind, object }) =>
          kind !== "deleted" && wantedNamespaces(object).join() === done ? [] : [clusterName],
      },
    ],
    reconcile: async (_, signal) => {
      const cluster = clusters.get(clusterName)
      if (cluster === undefined) return
      const wanted = wantedNamespaces(cluster)
      const marked = (await member.list(NAMESPACES, { labelSelector: `${label}=true`, signal })).items
      const outcomes = new Map<string, string | undefined>(wanted.map((name) => [name, undefined]))
      let failure: unknown
      for (const [name, action] of planNamespaces(wanted, marked, label)) {
        try {
          await carryOutOrCreate(member, name, action as Write & { do: "patch" }, signal)
        } catch (error) {
          signal.throwIfAborted()
          failure = error
          if (outcomes.has(name)) outcomes.set(name, describeError(error).slice(0, QUOTE_MAX))
        }
      }
      done = failure === undefined ? wanted.join() : undefined
      onOutcomes(outcomes)
      if (failure !== undefined) throw failure
      return wanted.length === 0 ? undefined : { requeueAfterMs: AGAIN_MS }
    },
  })
}

async function carryOutOrCreate(
  member: KubeClient,
  name: string,
  action: Write & { do: "patch" },
  signal: AbortSignal,
): Promise<void> {
  try {
    await carryOut(member, action, signal)
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
    const { labels } = action.patch["metadata"] as { labels: Record<string, string> }
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }
    // One that is no longer wanted and gone is as it should be.
    if (Object.values(labels)[0] === "true") await member.create(NAMESPACES, object, { signal })
  }
}
