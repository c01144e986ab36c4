import type { Pod, PodTemplate } from "#api/kubernetes/core.ts"
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import type { Action } from "#runtime/plan.ts"
import { describeWrite, writesOf } from "#runtime/apply-plan.ts"
import { controllerReference } from "#controlplane/workloads/pods.ts"

export const NOW = "2026-01-02T03:04:05Z"
export const NOW_MS = Date.parse(NOW)
export const BEFORE = "2026-01-02T03:00:00Z"

/** A template whose image is its version. */
export const template = (version = "1"): PodTemplate => ({
  metadata: { labels: { app: "a" } },
  spec: { containers: [{ name: "c", image: `i:${version}` }] },
})
export const SELECTOR = { matchLabels: { app: "a" } }

type PodParts = {
  readonly meta?: ObjectMeta
  readonly node?: string
  readonly phase?: string
  readonly ready?: boolean
  readonly leaving?: boolean
  readonly owner?: KubeObject
}

/** A pod that runs and is ready, unless told otherwise. */
export function newPod(name: string, parts: PodParts = {}): Pod {
  const { meta, node = "node-1", phase = "Running", ready = phase === "Running", leaving = false, owner } = parts
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "ns",
      uid: `uid-${name}`,
      creationTimestamp: BEFORE,
      ...(leaving ? { deletionTimestamp: NOW } : {}),
      ...(owner === undefined ? {} : { ownerReferences: [controllerReference(owner)] }),
      ...meta,
      labels: { app: "a", ...meta?.labels },
    },
    spec: { ...template().spec, ...(node === "" ? {} : { nodeName: node }) },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  }
}

/** Every write in one line: what, which resource and which object. */
export function textsOf(actions: readonly Action[]): string[] {
  return writesOf(actions).map((write) => {
    const { do: verb, resource, key } = describeWrite(write)
    return `${verb} ${resource} ${key}`
  })
}

/** The status that the actions write, if they write one. */
export function statusIn<S>(actions: readonly Action[]): S | undefined {
  const write = writesOf(actions).find((w) => w.do === "patch" && w.subresource === "status")
  return write?.do === "patch" ? (write.patch as { status: S }).status : undefined
}
