/** The resource that a storage key belongs to: `/registry/apps/deployments/…`, with `core` for the core group. */
export function parseStorageKey(key: string): { readonly group: string; readonly resource: string } {
  const [, , group = "", resource = ""] = key.split("/", 4)
  return { group: group === "core" ? "" : group, resource }
}
