import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeClient, ListOptions } from "#kube/client.ts"

/** Objects asked for in one call: nothing lists a whole fleet into one message. */
const PAGE_SIZE = 500

/** A collection page by page. */
export async function* pagesOf<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  options: Pick<ListOptions, "namespace" | "labelSelector"> = {},
): AsyncGenerator<readonly T[]> {
  let next: string | undefined
  do {
    const page = await client.list(type, {
      ...options,
      limit: PAGE_SIZE,
      ...(next === undefined ? {} : { continue: next }),
    })
    yield page.items
    next = page.metadata.continue || undefined
  } while (next !== undefined)
}
