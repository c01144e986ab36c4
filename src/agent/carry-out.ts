import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject, UnknownObject } from "#apimachinery/meta.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Write } from "#runtime/apply-plan.ts"

/**
 * Carries out one action and hands back what the server answered, which whole plans do not: an agent goes on from the
 * answer, before its caches hold it.
 * @returns the object, or null when a deletion left nothing behind
 */
export async function carryOut<T extends KubeObject = UnknownObject>(
  client: KubeClient,
  action: Write,
  signal?: AbortSignal,
  options: { readonly dryRun?: boolean } = {},
): Promise<T | null> {
  const type = action.type as ResourceType<T>
  const call = { ...options, ...(signal === undefined ? {} : { signal }) }
  const sub = "subresource" in action && action.subresource !== undefined ? { subresource: action.subresource } : {}
  switch (action.do) {
    case "create":
      return client.create(type, action.object as T, call)
    case "update":
      return client.update(type, action.object as T, { ...call, ...sub })
    case "patch": {
      const { uid, resourceVersion } = action
      const preconditions = {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      }
      const merge = {
        ...action.patch,
        metadata: { ...(action.patch.metadata as object | undefined), ...preconditions },
      }
      return client.patch(type, action.key, { merge }, { ...call, ...sub })
    }
    case "apply": {
      const force = action.force === undefined ? {} : { force: action.force }
      return client.apply(type, action.object as T, { ...call, ...sub, ...force, fieldManager: action.fieldManager })
    }
    case "delete": {
      const { do: _, type: __, key, ...preconditions } = action
      const answer = await client.delete(type, key, { ...call, ...preconditions })
      return "metadata" in answer && answer.kind !== "Status" ? (answer as T) : null
    }
  }
}
