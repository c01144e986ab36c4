import type { ListOptions, WatchOptions, WriteOptions } from "./client.ts"

export function listQuery(o: ListOptions): string {
  return queryText({
    labelSelector: o.labelSelector,
    fieldSelector: o.fieldSelector,
    limit: o.limit,
    continue: o.continue,
    resourceVersion: o.resourceVersion,
    resourceVersionMatch: o.resourceVersionMatch,
  })
}

export function watchQuery(o: WatchOptions): string {
  return queryText({
    watch: true,
    labelSelector: o.labelSelector,
    fieldSelector: o.fieldSelector,
    resourceVersion: o.resourceVersion,
    resourceVersionMatch: o.resourceVersionMatch,
    sendInitialEvents: o.sendInitialEvents,
    allowWatchBookmarks: o.allowWatchBookmarks,
    timeoutSeconds: o.timeoutSeconds,
  })
}

export function writeQuery(o: WriteOptions, more: Record<string, string> = {}): string {
  return queryText({
    fieldManager: o.fieldManager,
    dryRun: o.dryRun ? "All" : undefined,
    fieldValidation: o.fieldValidation,
    ...more,
  })
}

/** `?a=b&c=d` of the parameters that are set and not empty, or nothing. */
function queryText(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let text = ""
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === "") continue
    text += `${text === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`
  }
  return text
}
