import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeClient, ListOptions } from "./client.ts"

/** What one page asks for. Source: client-go pager. */
export const PAGE_SIZE_DEFAULT = 500

/**
 * Lists everything page by page from one snapshot. When the snapshot expires between two pages, the list is read once
 * more in one piece.
 *
 * @returns the objects and the resourceVersion that a watch may go on from
 * @throws StatusError, ConnectionError as KubeClient.list
 */
export async function listPages<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  options: Omit<ListOptions, "limit" | "continue"> = {},
  pageSize = PAGE_SIZE_DEFAULT,
): Promise<{ items: T[]; resourceVersion: string }> {
  const items: T[] = []
  let page = await client.list(type, { ...options, limit: pageSize })
  for (;;) {
    items.push(...page.items)
    const resourceVersion = page.metadata.resourceVersion ?? ""
    const next = page.metadata.continue
    if (next === undefined || next === "") return { items, resourceVersion }
    try {
      // A continuation has its version in the token and refuses another one.
      const { resourceVersion: _version, resourceVersionMatch: _match, ...rest } = options
      page = await client.list(type, { ...rest, limit: pageSize, continue: next })
    } catch (error) {
      if (!hasReason(error, "Expired", "Gone")) throw error
      const whole = await client.list(type, options)
      return { items: whole.items, resourceVersion: whole.metadata.resourceVersion ?? "" }
    }
  }
}
