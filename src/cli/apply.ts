import type { ResourceType } from "#apimachinery/gvk.ts"
import type { ObjectKey, UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import { CommandError, type Terminal } from "./terminal.ts"

export type ApplyOptions = {
  /** For objects that name none. */
  readonly namespace: string
  readonly force: boolean
  readonly dryRun: boolean
}

/** Server-side apply of every object, in order; says of each what became of it. */
export async function runApply(
  terminal: Terminal,
  hub: { client: KubeClient; mapper: RestMapper },
  objects: readonly UnknownObject[],
  options: ApplyOptions,
): Promise<void> {
  for (const object of objects) {
    const { type, key } = await locate(hub.mapper, object, options.namespace)
    const placed =
      key.namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace: key.namespace } }
    const before = await getIfThere(hub.client, type, key)
    const { force, dryRun } = options
    const after = await hub.client.apply(type, placed, {
      fieldManager: "hawser",
      force,
      dryRun,
      fieldValidation: "Strict",
    })
    const done =
      before === undefined
        ? "created"
        : before.metadata.resourceVersion === after.metadata.resourceVersion
          ? "unchanged"
          : "configured"
    terminal.stdout(`${spell(type, key)} ${done}${dryRun ? " (server dry run)" : ""}\n`)
  }
}

/** Deletes every object, last first; one that is not there is no failure. */
export async function runDelete(
  terminal: Terminal,
  hub: { client: KubeClient; mapper: RestMapper },
  objects: readonly UnknownObject[],
  options: { readonly namespace: string; readonly untilGone?: (type: ResourceType, key: ObjectKey) => Promise<void> },
): Promise<void> {
  for (const object of objects.toReversed()) {
    const { type, key } = await locate(hub.mapper, object, options.namespace)
    try {
      await hub.client.delete(type, key)
      await options.untilGone?.(type, key)
      terminal.stdout(`${spell(type, key)} deleted\n`)
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error
      terminal.stdout(`${spell(type, key)} was not there\n`)
    }
  }
}

async function locate(
  mapper: RestMapper,
  object: UnknownObject,
  namespace: string,
): Promise<{ type: ResourceType; key: ObjectKey }> {
  const type = await mapper.resourceFor(object.apiVersion, object.kind)
  if (type === undefined) {
    throw new CommandError(`Cannot find kind "${object.kind}" in ${object.apiVersion}: the server does not serve it`, {
      next: "kubectl api-resources",
    })
  }
  const name = object.metadata.name ?? ""
  return { type, key: type.namespaced ? { namespace: object.metadata.namespace ?? namespace, name } : { name } }
}

async function getIfThere(client: KubeClient, type: ResourceType, key: ObjectKey): Promise<UnknownObject | undefined> {
  try {
    return await client.get(type, key)
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}

/** `deployment.apps/frontend`, as kubectl spells it. */
function spell(type: ResourceType, key: ObjectKey): string {
  return `${type.kind.toLowerCase()}${type.group === "" ? "" : `.${type.group}`}/${key.name}`
}
