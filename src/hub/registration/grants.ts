// Actions about the objects that give a cluster's agent its rights.
import { ROLE_BINDINGS, type RoleBinding } from "#api/kubernetes/rbac.ts"
import { WORK_FINALIZER } from "#api/work/names.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { asObserved, type Action } from "#runtime/plan.ts"

/** Creates what is missing and puts right what differs in what it grants. */
export function ensureGrants<T extends KubeObject>(type: ResourceType<T>, wanted: T, found: T | undefined): Action[] {
  if (found === undefined) return [{ do: "create", type: type as unknown as ResourceType, object: wanted }]
  if (found.metadata.deletionTimestamp !== undefined) return []
  const { apiVersion: _a, kind: _k, metadata: _m, ...grants } = wanted
  const differs = Object.entries(grants).filter(
    ([field, value]) => !deepEqual((found as Record<string, unknown>)[field], value),
  )
  if (differs.length === 0) return []
  return [
    {
      do: "patch",
      type: type as unknown as ResourceType,
      key: keyIn(wanted),
      patch: Object.fromEntries(differs),
      ...asObserved(found),
    },
  ]
}

/** Takes away the finalizer by which a work binding waits for works. */
export function releaseBinding(binding: RoleBinding): Action[] {
  const { finalizers = [] } = binding.metadata
  if (!finalizers.includes(WORK_FINALIZER)) return []
  const kept = finalizers.filter((finalizer) => finalizer !== WORK_FINALIZER)
  return [
    {
      do: "patch",
      type: ROLE_BINDINGS as unknown as ResourceType,
      key: keyIn(binding),
      patch: { metadata: { finalizers: kept.length === 0 ? null : kept } },
      ...asObserved(binding),
    },
  ]
}

/** The deletion of what was observed, and of nothing that has come in its place. None for what is being deleted. */
export function removal<T extends KubeObject>(type: ResourceType<T>, object: T | undefined): Action[] {
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return []
  const { uid } = object.metadata
  return [
    {
      do: "delete",
      type: type as unknown as ResourceType,
      key: keyIn(object),
      ...(uid === undefined ? {} : { uid }),
    },
  ]
}

export const together = (actions: readonly Action[]): Action[] =>
  actions.length < 2 ? [...actions] : [{ do: "together", actions }]

function keyIn({ metadata }: KubeObject): { namespace?: string; name: string } {
  return { name: metadata.name ?? "", ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
}
