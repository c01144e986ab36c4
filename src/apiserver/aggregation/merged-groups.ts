// The groups of this server and of others as one list. Source: k8s.io/kube-aggregator pkg/apiserver/handler_apis.go.
import { compareText } from "#apimachinery/json.ts"
import type { Group, GroupVersion } from "#apiserver/discovery/groups.ts"
import { byVersionPriority, type RemoteService } from "./api-services.ts"
import { builtinPriority, CUSTOM_PRIORITY } from "./priorities.ts"
import type { RemoteDiscovery } from "./remote-discovery.ts"

/**
 * @param local  in their order, which stays; a group version of another server takes the place of one here
 * @returns the groups with the highest priority first, and those of equal priority by name
 */
export function mergedGroups(
  local: readonly Group[],
  remotes: readonly RemoteService[],
  discovery: RemoteDiscovery,
): readonly Group[] {
  if (remotes.length === 0) return local
  const names = new Set([...local.map(({ name }) => name), ...remotes.map(({ group }) => group)])
  const own = new Map(local.map((group) => [group.name, group]))
  const merged = Array.from(names, (name) => {
    const others = remotes.filter(({ group }) => group === name)
    return {
      group: mergedGroup(name, own.get(name), others, discovery),
      priority: priorityOf(name, own.has(name), others),
    }
  })
  return merged
    .toSorted((a, b) => {
      if (own.has(a.group.name) && own.has(b.group.name)) return 0
      return b.priority - a.priority || compareText(a.group.name, b.group.name)
    })
    .map(({ group }) => group)
}

function priorityOf(name: string, isLocal: boolean, others: readonly RemoteService[]): number {
  const highest = Math.max(0, ...others.map(({ groupPriority }) => groupPriority))
  if (!isLocal) return highest
  // The core group and the aggregator's own stand before all others.
  if (name === "" || name === "apiregistration.k8s.io") return Infinity
  return Math.max(highest, builtinPriority(name, "v1")?.group ?? CUSTOM_PRIORITY.group)
}

function mergedGroup(
  name: string,
  own: Group | undefined,
  others: readonly RemoteService[],
  discovery: RemoteDiscovery,
): Group {
  if (others.length === 0) return own!
  const remote = others.map((service) => ({
    versionPriority: service.versionPriority,
    version: service.version,
    served: remoteVersion(service, discovery),
  }))
  const kept = (own?.versions ?? [])
    .filter(({ version }) => !others.some((service) => service.version === version))
    .map((served) => ({
      versionPriority: builtinPriority(name, served.version)?.version ?? CUSTOM_PRIORITY.version,
      version: served.version,
      served,
    }))
  return { name, versions: [...kept, ...remote].toSorted(byVersionPriority).map(({ served }) => served) }
}

function remoteVersion({ group, version, available }: RemoteService, discovery: RemoteDiscovery): GroupVersion {
  const discovered = discovery.get(group, version)
  return {
    version,
    resources: [],
    remote: { resources: discovered?.resources ?? [], isCurrent: available && discovered !== undefined },
  }
}
