// Where an installation says that the hub is: for the line by which clusters join, and for agents that have joined.
import { resolve } from "node:path"
import {
  HUB_ENDPOINT,
  hubEndpoint,
  movedEndpoint,
  parseHubEndpoint,
  type HubEndpoint,
} from "#api/cluster/hub-endpoint.ts"
import { CONFIG_MAPS, type ConfigMap } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { InitOptions } from "#cli/roots.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Kubeconfig } from "#kube/kubeconfig.ts"

type Named = Pick<InitOptions, "hubApiserver" | "caFile">

export type HubAt = { readonly server: string; readonly ca?: string }

/** How clusters reach the hub: as is named, else as is published, else as the administrator does. */
export async function hubAddress(
  client: KubeClient,
  kubeconfig: Kubeconfig,
  named: Pick<Named, "hubApiserver">,
): Promise<HubAt> {
  return addressAt(await published(client), kubeconfig, named)
}

function addressAt(before: HubEndpoint | undefined, kubeconfig: Kubeconfig, { hubApiserver }: Named): HubAt {
  const server = hubApiserver ?? before?.server ?? kubeconfig.server
  // Where the administrator's way is the published one, it tells the authority, too.
  const isElsewhere = server === before?.server && server !== kubeconfig.server
  const ca = isElsewhere ? (before.ca ?? kubeconfig.ca) : kubeconfig.ca
  return { server, ...(ca === undefined ? {} : { ca }) }
}

/**
 * What an installation publishes. Without a word about it, what was named before stays: an upgrade by an administrator's
 * own way in must not move the fleet.
 *
 * @returns without `endpoint` when what is published shall stay as it is
 * @throws CommandError when what is named cannot be used
 */
export async function hubToPublish(
  terminal: Terminal,
  client: KubeClient,
  kubeconfig: Kubeconfig,
  named: Named,
): Promise<HubAt & { readonly endpoint?: HubEndpoint }> {
  const { hubApiserver, caFile } = named
  const before = await published(client)
  const known = addressAt(before, kubeconfig, named)
  const { server } = known
  const at = caFile === undefined ? known : { server, ca: await terminal.readFile(resolve(terminal.cwd, caFile)) }
  if (caFile === undefined && !isWitness(kubeconfig, hubApiserver)) return at
  try {
    return { ...at, endpoint: parseHubEndpoint(hubEndpoint(movedEndpoint(before, at))) }
  } catch (cause) {
    throw new CommandError(`Cannot publish ${server} as the hub's address`, { exitCode: EXIT.usage, cause })
  }
}

/** A kubeconfig that does not check what it speaks to says nothing that agents could go by. */
const isWitness = ({ server, insecure }: Kubeconfig, named: string | undefined) =>
  !insecure && (named !== undefined || server.startsWith("https://"))

async function published(client: KubeClient): Promise<HubEndpoint | undefined> {
  let found: ConfigMap
  try {
    found = await client.get(CONFIG_MAPS, HUB_ENDPOINT)
  } catch (error) {
    if (hasReason(error, "NotFound", "Forbidden")) return undefined
    throw error
  }
  // What cannot be used is replaced.
  const { "ca.crt": _, ...withoutAuthority } = found.data ?? {}
  return usable(found) ?? usable({ ...found, data: withoutAuthority })
}

function usable(configMap: ConfigMap): HubEndpoint | undefined {
  try {
    return parseHubEndpoint(configMap)
  } catch {
    return undefined
  }
}
