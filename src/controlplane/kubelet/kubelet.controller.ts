// Kubelet: nodes that only pretend, and the pods on them.
//
// Reads:    Pod.   Wakes on: pods of its nodes, and the moment in which they become ready.
// Writes:   Node (create, once), Pod status, Pod (delete, when it leaves).
// Gives up when: the pod is gone.
import { NODES, PODS, type Node, type Pod } from "#api/kubernetes/core.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { planPod } from "./pod-status.plan.ts"

export type KubeletOptions = {
  /** How many nodes there are to be, `node-1` to `node-N`. */
  readonly nodes: number
  /** How long a pod takes to become ready; a fifth more or less by chance. */
  readonly podReadyAfterMs: number
  /** How long a pod with an end runs. */
  readonly podRunsForMs: number
  /** What nodes say of their version. */
  readonly version: string
}

export function startKubelet(runtime: Runtime, cluster: Cluster, options: KubeletOptions): void {
  const { clock, random } = runtime
  const pods = cluster.informers.informer(PODS)
  const names = new Set(Array.from({ length: options.nodes }, (_, i) => `node-${i + 1}`))
  const isOurs = (pod: Pod) => names.has(pod.spec.nodeName ?? "")
  /** When each starting pod becomes ready. */
  const readyAtMs = new Map<string, number>()
  let addresses = 0

  void createNodes(runtime, cluster, [...names], options.version)

  startController(runtime, {
    name: "kubelet",
    workers: 8,
    sources: [
      {
        informer: pods,
        keysOf: ({ object, kind }) => {
          if (kind === "deleted") readyAtMs.delete(keyOf(object))
          return kind === "deleted" || !isOurs(object) ? [] : [keyOf(object)]
        },
      },
    ],
    reconcile: async (key, signal) => {
      const pod = pods.get(key)
      if (pod === undefined || !isOurs(pod)) return
      const nowMs = clock.nowMs()
      if (pod.metadata.deletionTimestamp === undefined && (pod.status?.phase ?? "Pending") === "Pending") {
        let dueMs = readyAtMs.get(key)
        if (dueMs === undefined)
          readyAtMs.set(key, (dueMs = nowMs + options.podReadyAfterMs * (0.8 + 0.4 * random.fraction())))
        if (nowMs < dueMs) return { requeueAfterMs: dueMs - nowMs }
        addresses++
      }
      const node = Number((pod.spec.nodeName ?? "").slice("node-".length))
      const plan = planPod(pod, {
        nowMs,
        startedMs: parseTimeMs(pod.status?.startTime),
        runsForMs: options.podRunsForMs,
        podIp: `10.244.${(addresses >> 8) & 255}.${addresses & 255}`,
        hostIp: `10.0.${(node >> 8) & 255}.${node & 255}`,
      })
      await applyPlan(cluster.client, plan, { log: runtime.log, signal })
      return plan
    },
  })
}

async function createNodes(
  runtime: Runtime,
  cluster: Cluster,
  names: readonly string[],
  version: string,
): Promise<void> {
  for (const [index, name] of names.entries()) {
    try {
      const created = await cluster.client.create(
        NODES,
        newNode(name, index + 1, version, formatTime(runtime.clock.nowMs())),
      )
      const { status } = newNode(name, index + 1, version, formatTime(runtime.clock.nowMs()))
      await cluster.client.patch(
        NODES,
        { name: created.metadata.name ?? "" },
        { merge: { status } },
        { subresource: "status" },
      )
    } catch (error) {
      if (!hasReason(error, "AlreadyExists") && !runtime.signal.aborted)
        runtime.log.error("Cannot create node", { node: name, error })
    }
  }
}

function newNode(name: string, number: number, version: string, now: string): Node {
  const resources = { cpu: "16", memory: "64Gi", pods: "250", "ephemeral-storage": "200Gi" }
  const condition = (type: string, status: "True" | "False", reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  })
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/simulated": "true",
      },
    },
    spec: {},
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
      ],
      addresses: [
        { type: "InternalIP", address: `10.0.${(number >> 8) & 255}.${number & 255}` },
        { type: "Hostname", address: name },
      ],
      nodeInfo: {
        kubeletVersion: version,
        kubeProxyVersion: version,
        osImage: "Simulated",
        operatingSystem: "linux",
        architecture: "amd64",
        containerRuntimeVersion: "simulated://1",
        kernelVersion: "0",
        machineID: name,
        systemUUID: name,
        bootID: name,
      },
    },
  }
}
