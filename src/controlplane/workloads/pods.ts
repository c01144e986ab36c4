// What all workloads share: pods made from a template, and how they are.
import { createHash } from "node:crypto"
import type { Pod, PodTemplate } from "#api/kubernetes/core.ts"
import { PODS } from "#api/kubernetes/core.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { KubeObject, OwnerReference } from "#apimachinery/meta.ts"
import { NAME_ALPHABET } from "#lib/random.ts"
import type { Action } from "#runtime/plan.ts"

/** Index of pods, and of whatever else has a controller, by that controller's uid. */
export const BY_CONTROLLER = "workloads/controller"

/** The uid of the controller that owns the object. */
export function controllerOf(object: KubeObject): string[] {
  const owner = (object.metadata.ownerReferences ?? []).find((reference) => reference.controller === true)
  return owner === undefined ? [] : [owner.uid]
}

export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name ?? "",
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** A text that differs when the template does: ten characters of the alphabet of generated names. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash("sha256")
    .update(JSON.stringify(sorted(template)))
    .digest()
  return Array.from({ length: 10 }, (_, i) => NAME_ALPHABET[digest[i]! % NAME_ALPHABET.length]).join("")
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** @param name  of the pod; absent: the server makes one from the owner's */
export function podCreation(
  owner: KubeObject,
  template: PodTemplate,
  options: {
    readonly name?: string
    readonly labels?: Record<string, string>
    readonly nodeName?: string
    readonly spec?: Partial<Pod["spec"]>
  } = {},
): Action {
  const { finalizers: _f, ...metadata } = template.metadata ?? {}
  const object: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(options.name === undefined ? { generateName: `${owner.metadata.name}-` } : { name: options.name }),
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      labels: { ...metadata.labels, ...options.labels },
      ownerReferences: [controllerReference(owner)],
    },
    spec: {
      ...template.spec,
      ...options.spec,
      ...(options.nodeName === undefined ? {} : { nodeName: options.nodeName }),
    },
  }
  return { do: "create", type: PODS as never, object }
}

export function podDeletion(pod: Pod): Action {
  const { name = "", namespace = "", uid } = pod.metadata
  return { do: "delete", type: PODS as never, key: { namespace, name }, ...(uid === undefined ? {} : { uid }) }
}

export const isReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some((c) => c.type === "Ready" && c.status === "True") &&
  pod.metadata.deletionTimestamp === undefined

/** Neither ended nor ending. */
export const isActive = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && !hasEnded(pod)

/** Ended by itself, well or not: no longer there for its workload. */
export const hasEnded = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

/** Whom a workload can spare first: who has no node, who is not ready, who came last. Source: ActivePodsWithRanks. */
export function bySparability(a: Pod, b: Pod): number {
  return (
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    newestFirst(a, b)
  )
}

/** Names decide between pods of the same second, so that the order is always the same. */
export function newestFirst({ metadata: a }: Pod, { metadata: b }: Pod): number {
  return compare(b.creationTimestamp ?? "", a.creationTimestamp ?? "") || compare(b.name ?? "", a.name ?? "")
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Brings the status to what it should be; nothing when it says that already. The server does not keep a 0. */
export function statusWrite<T extends KubeObject & { readonly status?: object }>(
  type: ResourceType<T>,
  object: T,
  status: NonNullable<T["status"]>,
): Action[] {
  const before = object.status ?? {}
  if (deepEqual(withoutZeros({ ...before, ...status }), withoutZeros(before))) return []
  const { name = "", namespace = "" } = object.metadata
  return [{ do: "patch", type: type as never, key: { namespace, name }, patch: { status }, subresource: "status" }]
}

const withoutZeros = (status: object) => Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0))

/** A count, or a share of `total` in percent. */
export function resolveCount(
  value: number | string | undefined,
  fallback: number | string,
  total: number,
  round: (n: number) => number,
): number {
  const chosen = value ?? fallback
  if (typeof chosen === "number") return chosen
  return chosen.endsWith("%") ? round((Number(chosen.slice(0, -1)) / 100) * total) : Number(chosen)
}
