import { groupResource } from "#apimachinery/gvk.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { OwnerReference } from "#apimachinery/meta.ts"
import type { AppliedResource } from "#api/work/parts.ts"
import { carryOut } from "#agent/carry-out.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Write } from "#runtime/apply-plan.ts"
import type { Target } from "./manifests.ts"
import type { MemberObjects } from "./member-objects.ts"
import { planRemoval } from "./removal.plan.ts"

export type RemovalContext = {
  readonly client: KubeClient
  readonly objects: MemberObjects
  readonly signal: AbortSignal
  readonly owner: OwnerReference
  readonly isOrphaned: (resource: AppliedResource) => boolean
}

/** Where a recorded resource lives. A kind is not recorded and not needed: nothing is created from it. */
export function targetOf(resource: AppliedResource): Target {
  const { group = "", version, resource: plural, namespace = "", name } = resource
  const type = { group, version, resource: plural, kind: "", namespaced: namespace !== "" }
  return { type, name, ...(namespace === "" ? {} : { namespace }) }
}

/**
 * Takes recorded resources away, side by side.
 * @returns those that are still there: held by a finalizer, a grace period, or because something failed
 */
export async function removeResources(
  context: RemovalContext,
  resources: readonly AppliedResource[],
): Promise<{ readonly pending: readonly AppliedResource[]; readonly errors: readonly unknown[] }> {
  const errors: unknown[] = []
  const isPending = await Promise.all(
    resources.map(async (resource) => {
      try {
        return await removeOne(context, resource)
      } catch (error) {
        const { type, namespace, name } = targetOf(resource)
        const key = namespace === undefined ? name : `${namespace}/${name}`
        errors.push(new Error(`Cannot remove ${groupResource(type)} "${key}"`, { cause: error }))
        return true
      }
    }),
  )
  return { pending: resources.filter((_, i) => isPending[i]), errors }
}

/** @returns whether it is still there */
async function removeOne(context: RemovalContext, resource: AppliedResource): Promise<boolean> {
  const { client, objects, owner, signal } = context
  const target = targetOf(resource)
  const live = await objects.find(target, signal)
  const orphaned = context.isOrphaned(resource)
  const { step, action } = planRemoval({ resource, target, live, owner, orphaned })
  if (action === undefined) return step === "wait"
  try {
    const answer = await carryOut(client, action as Write, signal)
    objects.wrote(target, answer)
    return step === "delete" && answer !== null
  } catch (error) {
    if (hasReason(error, "NotFound")) objects.wrote(target, null)
    // Another object of that name, or one that somebody just changed: looked at again in the next pass.
    else if (hasReason(error, "Conflict")) await objects.read(target, signal)
    else throw error
    return !hasReason(error, "NotFound")
  }
}
