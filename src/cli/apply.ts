import type { ResourceType } from "#apimachinery/gvk.ts"
import type { ObjectKey, UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import { sleep } from "#lib/clock.ts"
import { formatYaml } from "#lib/yaml.ts"
import { withoutManagedFields, type OutputFormat } from "./output.ts"
import { newProgress } from "./progress.ts"
import { whatIsMissing } from "./readiness.plan.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

export type ApplyOptions = {
  /** For objects that name none. */
  readonly namespace: string
  readonly force: boolean
  readonly dryRun: boolean
  /** json and yaml print the objects as the server has them, name their names; otherwise what became of each. */
  readonly format: OutputFormat
  /** Waits as long for the objects to be what they ask for. */
  readonly waitSeconds?: number
}

type Place = { readonly type: ResourceType; readonly key: ObjectKey }

/** Server-side apply of every object, in order; says of each what became of it, and may wait for it to take effect. */
export async function runApply(
  terminal: Terminal,
  hub: { client: KubeClient; mapper: RestMapper },
  objects: readonly UnknownObject[],
  options: ApplyOptions,
): Promise<void> {
  const applied: UnknownObject[] = []
  const places: Place[] = []
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
    applied.push(after)
    places.push({ type, key })
    if (options.format === "table") {
      terminal.stdout(`${spell(type, key)} ${done}${dryRun ? " (server dry run)" : ""}\n`)
    }
  }
  const ready =
    options.waitSeconds === undefined || options.dryRun
      ? applied
      : await untilReady(terminal, hub.client, places, options.waitSeconds)
  terminal.stdout(printed(ready, places, options.format))
}

function printed(objects: readonly UnknownObject[], places: readonly Place[], format: OutputFormat): string {
  if (format === "name") return places.map(({ type, key }) => `${spell(type, key)}\n`).join("")
  if (format !== "json" && format !== "yaml") return ""
  const shown = objects.map(withoutManagedFields)
  const document = shown.length === 1 ? shown[0] : { apiVersion: "v1", kind: "List", metadata: {}, items: shown }
  return format === "json" ? JSON.stringify(document, null, 2) + "\n" : formatYaml(document)
}

const POLL_MS = 100

/** @returns the objects as they are then  @throws CommandError when time is up, with what is missing */
async function untilReady(
  terminal: Terminal,
  client: KubeClient,
  places: readonly Place[],
  waitSeconds: number,
): Promise<UnknownObject[]> {
  const deadlineMs = terminal.clock.nowMs() + waitSeconds * 1000
  const progress = newProgress(terminal)
  const ready: UnknownObject[] = []
  for (const { type, key } of places) {
    for (;;) {
      const object = await client.get(type, key)
      const missing = whatIsMissing(object)
      if (missing === undefined) {
        ready.push(object)
        break
      }
      if (terminal.clock.nowMs() > deadlineMs) {
        progress.clear()
        throw new CommandError(`Cannot wait any longer for ${spell(type, key)}: ${missing}`, {
          exitCode: EXIT.timeout,
          next: `kubectl describe ${type.resource}.${type.group} ${key.name}${key.namespace === undefined ? "" : ` -n ${key.namespace}`}`,
        })
      }
      progress.update(`waiting for ${spell(type, key)}: ${missing}`)
      await sleep(terminal.clock, POLL_MS, terminal.interrupted)
    }
  }
  progress.clear()
  return ready
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
