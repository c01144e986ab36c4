import { compareText, type JsonObject } from "#apimachinery/json.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"

export type GroupVersion = {
  readonly version: string
  readonly resources: readonly ResourceInfo[]
  /** Another server has it: APIResourceDiscovery objects, and whether it says so still. */
  readonly remote?: { readonly resources: readonly JsonObject[]; readonly isCurrent: boolean }
}
/** Versions stand in the order of preference. */
export type Group = { readonly name: string; readonly versions: readonly GroupVersion[] }

/**
 * What a table serves, by group: built-in groups in the order of Kubernetes, then those of definitions by name. Newer
 * and stabler versions come first.
 */
export function groupsOf(table: ResourceTable): readonly Group[] {
  const builtin = new Map<string, Map<string, ResourceInfo[]>>()
  const custom = new Map<string, Map<string, ResourceInfo[]>>()
  for (const info of table.all()) {
    const groups = info.custom && !builtin.has(info.group) ? custom : builtin
    const versions = groups.get(info.group) ?? new Map<string, ResourceInfo[]>()
    groups.set(info.group, versions)
    versions.set(info.version, [...(versions.get(info.version) ?? []), info])
  }
  const sorted = [...custom].toSorted(([a], [b]) => compareText(a, b))
  return [...builtin, ...sorted].map(([name, versions]) => ({
    name,
    versions: [...versions]
      .toSorted(([a], [b]) => compareVersions(a, b))
      .map(([version, resources]) => ({ version, resources: inOrder(resources) })),
  }))
}

/** Built-in resources come in their order already. */
function inOrder(resources: readonly ResourceInfo[]): readonly ResourceInfo[] {
  return resources.every((r) => r.custom)
    ? resources.toSorted((a, b) => compareText(a.resource, b.resource))
    : resources
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/
const STABILITY = ["alpha", "beta", undefined]

/** v2, v1, v1beta2, v1beta1, v1alpha1, then anything else by name. Source: apimachinery version.CompareKubeAwareVersionStrings. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [VERSION.exec(a), VERSION.exec(b)]
  if (x === null || y === null) return x === y ? compareText(a, b) : x === null ? 1 : -1
  const byStability = STABILITY.indexOf(y[2]) - STABILITY.indexOf(x[2])
  if (byStability !== 0) return byStability
  return Number(y[1]) - Number(x[1]) || Number(y[3] ?? 0) - Number(x[3] ?? 0)
}
