// Bootstrap tokens: they end, and sign what clusters that join learn of this one.
//
// Reads:    Secrets of kube-system, ConfigMap kube-public/cluster-info.
// Wakes on: both, and the end of a token.
// Writes:   signatures in cluster-info; deletes tokens whose time is over.
// Gives up when: the token is gone, or has no end.
import { CONFIG_MAPS, SECRETS } from "#api/kubernetes/core.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { BOOTSTRAP_TOKEN, planBootstrapToken, planSignatures } from "./bootstrap-token.plan.ts"

const INFO = "kube-public/cluster-info"

export function startBootstrapTokens(runtime: Runtime, cluster: Cluster): void {
  const secrets = cluster.informers.informer(SECRETS, { namespace: "kube-system" })
  const infos = cluster.informers.informer(CONFIG_MAPS, { namespace: "kube-public" })
  startController(runtime, {
    name: "bootstrap-token",
    workers: 1,
    sources: [
      {
        informer: secrets,
        keysOf: ({ kind, object }) =>
          object.type !== BOOTSTRAP_TOKEN ? [] : kind === "deleted" ? [INFO] : [keyOf(object), INFO],
      },
      { informer: infos, keysOf: ({ kind, object }) => (kind === "deleted" || keyOf(object) !== INFO ? [] : [INFO]) },
    ],
    reconcile: async (key, signal) => {
      const nowMs = runtime.clock.nowMs()
      const plan = () => {
        const object = key === INFO ? infos.get(key) : secrets.get(key)
        if (object === undefined) return undefined
        if (key !== INFO) return planBootstrapToken(object, nowMs)
        const tokens = secrets.list().filter(({ type }) => type === BOOTSTRAP_TOKEN)
        return planSignatures(object, tokens, nowMs)
      }
      const planned = plan()
      if (planned === undefined) return
      await applyPlan(cluster.client, planned, { log: runtime.log, signal })
      return planned
    },
  })
}
