import { PODS, type ContainerStatus, type Pod } from "#api/kubernetes/core.ts"
import { formatTime } from "#lib/clock.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"

/** What a node does about one of its pods: starts it, ends one that has a task, removes one that leaves. One write each. */
export function planPod(
  pod: Pod,
  options: {
    readonly nowMs: number
    readonly startedMs: number | undefined
    readonly runsForMs: number
    readonly podIp: string
    readonly hostIp: string
  },
): Plan {
  const { name = "", namespace = "", uid } = pod.metadata
  const key = { namespace, name }
  if (pod.metadata.deletionTimestamp !== undefined) {
    return {
      actions: [
        { do: "delete", type: PODS as never, key, ...(uid === undefined ? {} : { uid }), gracePeriodSeconds: 0 },
      ],
    }
  }
  const phase = pod.status?.phase ?? "Pending"
  if (phase === "Succeeded" || phase === "Failed") return NOTHING
  if (phase === "Running") {
    if ((pod.spec.restartPolicy ?? "Always") === "Always") return NOTHING
    const endsMs = (options.startedMs ?? options.nowMs) + (sleepMs(pod) ?? options.runsForMs)
    if (options.nowMs < endsMs) return { actions: [], requeueAfterMs: endsMs - options.nowMs }
    return {
      actions: [
        {
          do: "patch",
          type: PODS as never,
          key,
          patch: { status: succeeded(pod, formatTime(options.nowMs)) },
          subresource: "status",
        },
      ],
    }
  }
  return {
    actions: [
      { do: "patch", type: PODS as never, key, patch: { status: running(pod, options) }, subresource: "status" },
    ],
  }
}

/** A task that only sleeps says itself how long it takes. */
function sleepMs({ spec }: Pod): number | undefined {
  const { command = [], args = [] } = spec.containers[0] as { command?: string[]; args?: string[] }
  const [program, seconds, ...more] = [...command, ...args]
  if (program !== "sleep" || more.length > 0 || !/^\d{1,7}$/.test(seconds ?? "")) return undefined
  return Number(seconds) * 1000
}

function running(
  pod: Pod,
  { nowMs, podIp, hostIp }: { nowMs: number; podIp: string; hostIp: string },
): NonNullable<Pod["status"]> {
  const now = formatTime(nowMs)
  const on = (type: string) => ({ type, status: "True" as const, lastProbeTime: null, lastTransitionTime: now })
  return {
    phase: "Running",
    conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(on),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: now,
    containerStatuses: pod.spec.containers.map((container) =>
      containerStatus(pod, container, { running: { startedAt: now } }, true),
    ),
    ...(pod.spec.initContainers === undefined
      ? {}
      : {
          initContainerStatuses: pod.spec.initContainers.map((container) =>
            containerStatus(
              pod,
              container,
              { terminated: { exitCode: 0, reason: "Completed", startedAt: now, finishedAt: now } },
              true,
            ),
          ),
        }),
  }
}

function succeeded(pod: Pod, now: string): NonNullable<Pod["status"]> {
  const off = (type: string) => ({
    type,
    status: "False" as const,
    reason: "PodCompleted",
    lastProbeTime: null,
    lastTransitionTime: now,
  })
  const others = (pod.status?.conditions ?? []).filter((c) => c.type !== "Ready" && c.type !== "ContainersReady")
  return {
    phase: "Succeeded",
    conditions: [...others, off("Ready"), off("ContainersReady")],
    containerStatuses: pod.spec.containers.map((container) =>
      containerStatus(
        pod,
        container,
        { terminated: { exitCode: 0, reason: "Completed", startedAt: pod.status?.startTime ?? now, finishedAt: now } },
        false,
      ),
    ),
  }
}

function containerStatus(
  pod: Pod,
  { name, image = "" }: { name: string; image?: string },
  state: Record<string, unknown>,
  ready: boolean,
): ContainerStatus {
  return {
    name,
    image,
    imageID: image,
    containerID: `simulated://${pod.metadata.uid}/${name}`,
    ready,
    started: ready,
    restartCount: 0,
    state,
    lastState: {},
  }
}
