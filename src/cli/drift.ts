// `hawser drift`: what differs in the fleet from what works say, or was put right; page by page.
import { DRIFTED } from "#api/work/names.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import type { ManifestResourceMeta } from "#api/work/parts.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { formatYaml } from "#lib/yaml.ts"
import type { KubeClient } from "#kube/client.ts"
import { pagesOf } from "./pages.ts"
import { formatAge, formatTable } from "./table.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"

export type DriftOptions = {
  /** Of these clusters; all when empty. */
  readonly clusters: readonly string[]
  readonly selector?: string
  /** Leave out what was corrected. */
  readonly onlyNow: boolean
  /** Exit with 1 when something differs now. */
  readonly exitCode: boolean
  readonly output?: string
}

/** One object of one work. */
export type DriftedObject = {
  readonly cluster: string
  readonly work: string
  readonly object: string
  /** Whether it differs now. */
  readonly drifting: boolean
  readonly reason: string
  /** RFC 3339: since when it differs; of a correction when it was first told. */
  readonly since: string
  readonly message: string
}

export async function runDrift(terminal: Terminal, client: KubeClient, options: DriftOptions): Promise<void> {
  const { output } = options
  if (output !== undefined && output !== "json" && output !== "yaml" && output !== "table") {
    throw new CommandError(`Cannot print as "${output}": want one of table, json, yaml`, { exitCode: EXIT.usage })
  }
  const found: DriftedObject[] = []
  const scopes = options.clusters.length === 0 ? [undefined] : options.clusters
  for (const namespace of scopes) {
    const scope = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
    }
    for await (const works of pagesOf(client, MANIFEST_WORKS, scope)) found.push(...works.flatMap(driftsOf))
  }
  const shown = found.filter(({ drifting }) => drifting || !options.onlyNow).toSorted(inOrder)
  if (output === "json") terminal.stdout(`${JSON.stringify(shown, null, 2)}\n`)
  else if (output === "yaml") terminal.stdout(formatYaml(shown))
  else if (shown.length === 0) terminal.stderr("No drift found\n")
  else terminal.stdout(table(shown, terminal.clock.nowMs()))
  const now = found.filter(({ drifting }) => drifting).length
  if (options.exitCode && now > 0) {
    throw new CommandError(`${now} ${now === 1 ? "object differs" : "objects differ"} from what works say`)
  }
}

const inOrder = (a: DriftedObject, b: DriftedObject) =>
  Number(b.drifting) - Number(a.drifting) || (a.cluster < b.cluster ? -1 : a.cluster > b.cluster ? 1 : 0)

const table = (drifts: readonly DriftedObject[], nowMs: number) =>
  formatTable(
    ["cluster", "work", "object", "state", "since", "what"],
    drifts.map((drift) => [
      drift.cluster,
      drift.work,
      drift.object,
      STATES.get(drift.reason) ?? drift.reason,
      formatAge(parseTimeMs(drift.since), nowMs),
      drift.message,
    ]),
  )

const STATES = new Map([
  ["DriftReported", "drifts"],
  ["DriftContested", "fought over"],
  ["DriftCorrected", "corrected"],
  ["DriftEnded", "over"],
])

/** What a work's agent tells of drift. */
export function driftsOf({ metadata, status }: ManifestWork): readonly DriftedObject[] {
  return (status?.resourceStatus?.manifests ?? []).flatMap(({ resourceMeta, conditions }) => {
    const told = findCondition(conditions, DRIFTED)
    if (told === undefined) return []
    return [
      {
        cluster: metadata.namespace ?? "",
        work: metadata.name ?? "",
        object: objectText(resourceMeta),
        drifting: told.status === "True",
        reason: told.reason,
        since: told.lastTransitionTime,
        message: told.message,
      },
    ]
  })
}

/** `Deployment shop/web`. */
export function objectText({ kind = "", resource = "", namespace = "", name = "" }: ManifestResourceMeta): string {
  return `${kind === "" ? resource : kind} ${namespace === "" ? name : `${namespace}/${name}`}`
}
