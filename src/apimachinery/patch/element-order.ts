import { isJsonObject } from "#apimachinery/json.ts"

/** What tells an element of a list from the others: the value of its merge key, or the scalar itself. */
export function identityOf(element: unknown, mergeKey: string): unknown {
  return mergeKey === "" ? element : isJsonObject(element) ? element[mergeKey] : undefined
}

/**
 * The final order of a merged list: elements that the patch speaks of in the patch's order, and between them those that
 * only the server has, where the server had them. Both relative orders hold.
 *
 * @param isListed  whether the patch speaks of an element
 * @param patchOrder  elements or order stubs of the patch
 * @param serverOrder  the list before the patch
 */
export function orderElements(
  merged: readonly unknown[],
  isListed: (element: unknown) => boolean,
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const serverRank = ranksOf(serverOrder, mergeKey)
  const rankOf = (element: unknown) => serverRank.get(identityOf(element, mergeKey))
  const listed = sorted(merged.filter(isListed), ranksOf(patchOrder, mergeKey), mergeKey)
  const serverOnly = sorted(
    merged.filter((element) => !isListed(element)),
    serverRank,
    mergeKey,
  )
  const all: unknown[] = []
  let next = 0
  for (const element of listed) {
    const rank = rankOf(element)
    for (; next < serverOnly.length; next++) {
      const other = rankOf(serverOnly[next])
      if (rank === undefined || other === undefined || other >= rank) break
      all.push(serverOnly[next])
    }
    all.push(element)
  }
  return all.concat(serverOnly.slice(next))
}

function ranksOf(order: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const ranks = new Map<unknown, number>()
  order.forEach((element, i) => {
    const identity = identityOf(element, mergeKey)
    if (!ranks.has(identity)) ranks.set(identity, i)
  })
  return ranks
}

function sorted(elements: unknown[], ranks: ReadonlyMap<unknown, number>, mergeKey: string): unknown[] {
  const ranked = elements.map((element) => ({ element, rank: ranks.get(identityOf(element, mergeKey)) }))
  const known = ranked.filter(({ rank }) => rank !== undefined).sort((a, b) => a.rank! - b.rank!)
  // Upstream's comparison calls an element of unknown rank smaller than all, so that the latest of them comes first.
  const unknown = ranked.filter(({ rank }) => rank === undefined).reverse()
  return [...unknown, ...known].map(({ element }) => element)
}
