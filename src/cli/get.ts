import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { PLACEMENT_DECISIONS, PLACEMENTS } from "#api/cluster/v1beta1.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeClient } from "#kube/client.ts"
import { clusterColumns, decisionColumns, placementColumns, workColumns } from "./columns.ts"
import { formatObjects, parseOutputFormat, type ObjectColumn } from "./output.ts"
import { pagesOf } from "./pages.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

export type GetOptions = {
  readonly output?: string
  /** For works the cluster, for placements and decisions their namespace; all of them when absent. */
  readonly namespace?: string
  readonly selector?: string
}

type Kind<T extends KubeObject> = {
  readonly type: ResourceType<T>
  readonly columns: (nowMs: number) => readonly ObjectColumn<T>[]
}

const kind = <T extends KubeObject>(type: ResourceType<T>, columns: Kind<T>["columns"]) => ({
  get: (client: KubeClient, terminal: Terminal, name: string | undefined, options: GetOptions) =>
    get(client, terminal, { type, columns }, name, options),
})

const KINDS = {
  clusters: kind(MANAGED_CLUSTERS, clusterColumns),
  works: kind(MANIFEST_WORKS, workColumns),
  placements: kind(PLACEMENTS, placementColumns),
  decisions: kind(PLACEMENT_DECISIONS, decisionColumns),
}

export const GETTABLE = Object.keys(KINDS)

/** `hawser get clusters|works|placements|decisions [NAME]`. */
export async function runGet(
  client: KubeClient,
  terminal: Terminal,
  what: string,
  name: string | undefined,
  options: GetOptions,
): Promise<void> {
  const plural = what.endsWith("s") ? what : `${what}s`
  if (!Object.hasOwn(KINDS, plural)) {
    throw new CommandError(`Cannot get "${what}": want one of ${GETTABLE.join(", ")}`, { exitCode: EXIT.usage })
  }
  await KINDS[plural as keyof typeof KINDS].get(client, terminal, name, options)
}

async function get<T extends KubeObject>(
  client: KubeClient,
  terminal: Terminal,
  { type, columns }: Kind<T>,
  name: string | undefined,
  options: GetOptions,
): Promise<void> {
  const format = parseOutputFormat(options.output)
  const objects: T[] = []
  if (name !== undefined) objects.push(await client.get(type, keyFor(type, name, options)))
  else {
    const scope = {
      ...(options.namespace === undefined || !type.namespaced ? {} : { namespace: options.namespace }),
      ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
    }
    for await (const page of pagesOf(client, type, scope)) objects.push(...page)
  }
  if (objects.length === 0 && (format === "table" || format === "wide")) {
    terminal.stderr(`No ${type.resource} found\n`)
    return
  }
  const shown = formatObjects(objects, {
    format,
    columns: columns(terminal.clock.nowMs()),
    resource: type.resource,
    list: name === undefined,
  })
  terminal.stdout(shown)
}

function keyFor(
  type: ResourceType<never> | ResourceType,
  name: string,
  options: GetOptions,
): { namespace?: string; name: string } {
  if (!type.namespaced) return { name }
  if (options.namespace === undefined) {
    throw new CommandError(`Cannot get ${type.resource} "${name}": want its namespace`, {
      exitCode: EXIT.usage,
      next: `add -n NAMESPACE`,
    })
  }
  return { namespace: options.namespace, name }
}
