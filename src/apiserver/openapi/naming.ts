import type { ResourceInfo } from "#apiserver/resource.ts"

/** `io.open-cluster-management.work.v1.ManifestWork`. */
export function customSchemaName({ group, version }: ResourceInfo, kind: string): string {
  return [...group.split(".").toReversed(), version, kind].join(".")
}

const capitalize = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** `WorkOpenClusterManagementIoV1`: the part of operation names that says which group and version. */
export function operationScope({ group, version }: ResourceInfo): string {
  return group.split(/[.-]/).map(capitalize).join("") + capitalize(version)
}

/** `workOpenClusterManagementIo_v1`. */
export function operationTag({ group, version }: ResourceInfo): string {
  const [first = "", ...rest] = group.split(/[.-]/)
  return `${first}${rest.map(capitalize).join("")}_${version}`
}
