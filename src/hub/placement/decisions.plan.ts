import type { Placement, PlacementDecision } from "#api/cluster/v1beta1.ts"
import { PLACEMENT_DECISIONS } from "#api/cluster/v1beta1.ts"
import { DECISION_GROUP_INDEX_LABEL, DECISION_GROUP_NAME_LABEL, PLACEMENT_LABEL } from "#api/cluster/names.ts"
import { asObserved, type Action } from "#runtime/plan.ts"
import type { DecisionGroup } from "./decision-groups.plan.ts"

/** Clusters that one PlacementDecision names at most. Source: OCM's API. */
export const DECISIONS_PER_OBJECT_MAX = 100

type Page = {
  readonly name: string
  readonly labels: Record<string, string>
  readonly clusters: readonly string[]
}

/**
 * The writes that turn the PlacementDecisions that are there into those that the groups ask for. A cluster that moves
 * from one object to another is added there before it is taken away here, so that nobody who reads in between sees it
 * dropped.
 */
export function planDecisions(
  placement: Placement,
  groups: readonly DecisionGroup[],
  existing: readonly PlacementDecision[],
): readonly Action[] {
  const found = new Map(existing.map((d) => [d.metadata.name ?? "", d]))
  const pages = pagesOf(placement, groups, (name) => clustersOf(found.get(name)))
  const frames: Action[] = []
  /** Pages that are as they were observed when their clusters are written. */
  const untouched = new Map(found)
  for (const page of pages) {
    const before = found.get(page.name)
    if (before === undefined)
      frames.push({ do: "create", type: PLACEMENT_DECISIONS, object: newDecision(placement, page) })
    else if (!hasLabels(before, page.labels)) {
      frames.push({
        do: "patch",
        type: PLACEMENT_DECISIONS,
        key: keyOf(before),
        patch: { metadata: { labels: page.labels } },
        ...asObserved(before),
      })
      untouched.delete(page.name)
    }
  }
  const actions: Action[] = frames.length === 0 ? [] : [{ do: "together", actions: frames }]
  const changed = pages.filter((page) => !sameClusters(clustersOf(found.get(page.name)), page.clusters))
  for (const writes of orderWrites(changed, (name) => clustersOf(found.get(name)))) {
    actions.push({
      do: "together",
      actions: writes.map((write) => statusPatch(placement, write, untouched.get(write.name))),
    })
    for (const { name } of writes) untouched.delete(name)
  }
  const wanted = new Set(pages.map((page) => page.name))
  for (const decision of existing) {
    if (!wanted.has(decision.metadata.name ?? "") && decision.metadata.deletionTimestamp === undefined) {
      actions.push({
        do: "delete",
        type: PLACEMENT_DECISIONS,
        key: keyOf(decision),
        ...(decision.metadata.uid === undefined ? {} : { uid: decision.metadata.uid }),
      })
    }
  }
  return actions
}

/**
 * Pages of at most 100 clusters, named `PLACEMENT-decision-N` from 1 across the groups. One page at least. A cluster stays
 * on the page where it is while that page belongs to its group, so that one that comes or goes costs one write.
 */
function pagesOf(
  placement: Placement,
  groups: readonly DecisionGroup[],
  before: (name: string) => readonly string[],
): Page[] {
  const pages: Page[] = []
  for (const [index, group] of groups.entries()) {
    const count = Math.max(1, Math.ceil(group.clusters.length / DECISIONS_PER_OBJECT_MAX))
    const names = Array.from({ length: count }, (_, i) => `${placement.metadata.name}-decision-${pages.length + i + 1}`)
    const labels = {
      [PLACEMENT_LABEL]: placement.metadata.name ?? "",
      [DECISION_GROUP_INDEX_LABEL]: String(index),
      [DECISION_GROUP_NAME_LABEL]: group.name,
    }
    for (const [name, clusters] of layOut(group.clusters, names, before)) pages.push({ name, labels, clusters })
  }
  return pages
}

/** Those who have a page already keep it; the others take the free places, in order. */
function layOut(
  clusters: readonly string[],
  names: readonly string[],
  before: (name: string) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const homeless = new Set(clusters)
  const kept = names.map((name) => {
    const stay = [...new Set(before(name))].filter((c) => homeless.has(c)).slice(0, DECISIONS_PER_OBJECT_MAX)
    for (const cluster of stay) homeless.delete(cluster)
    return stay
  })
  const rest = [...homeless]
  return new Map(
    names.map((name, i) => {
      const taken = rest.splice(0, DECISIONS_PER_OBJECT_MAX - kept[i]!.length)
      return [name, [...kept[i]!, ...taken].toSorted()]
    }),
  )
}

function newDecision(placement: Placement, page: Page): PlacementDecision {
  return {
    apiVersion: "cluster.open-cluster-management.io/v1beta1",
    kind: "PlacementDecision",
    metadata: {
      name: page.name,
      ...(placement.metadata.namespace === undefined ? {} : { namespace: placement.metadata.namespace }),
      labels: page.labels,
      ownerReferences: [
        {
          apiVersion: "cluster.open-cluster-management.io/v1beta1",
          kind: "Placement",
          name: placement.metadata.name ?? "",
          uid: placement.metadata.uid ?? "",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
  }
}

type Write = { readonly name: string; readonly clusters: readonly string[] }

/**
 * Pages that receive a cluster from another page are written before the page that gives it; those that do not wait for each
 * other are written together. Where pages exchange clusters in a ring, one of them is first written with both its old and
 * its new clusters.
 */
function orderWrites(pages: readonly Page[], before: (name: string) => readonly string[]): readonly Write[][] {
  const receiver = new Map<string, string>()
  for (const page of pages) for (const cluster of page.clusters) receiver.set(cluster, page.name)
  const waiting = new Map(
    pages.map((page) => {
      const gives = before(page.name).filter((c) => receiver.has(c) && receiver.get(c) !== page.name)
      return [page.name, { page, after: new Set(gives.map((c) => receiver.get(c)!)) }] as const
    }),
  )
  const rounds: Write[][] = []
  const settle = (names: readonly string[]) => {
    for (const other of waiting.values()) for (const name of names) other.after.delete(name)
  }
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ after }) => after.size === 0).map(({ page }) => page)
    if (ready.length > 0) {
      for (const { name } of ready) waiting.delete(name)
      rounds.push(ready.map(({ name, clusters }) => ({ name, clusters })))
      settle(ready.map(({ name }) => name))
      continue
    }
    // A ring: break it with a write that only adds.
    const { page } = waiting.get(findInRing(waiting))!
    rounds.push([{ name: page.name, clusters: [...new Set([...page.clusters, ...before(page.name)])].toSorted() }])
    settle([page.name])
  }
  return rounds
}

/** @param observed  the page, where no write of this plan comes before this one */
const statusPatch = (placement: Placement, { name, clusters }: Write, observed?: PlacementDecision): Action => ({
  do: "patch",
  type: PLACEMENT_DECISIONS,
  key: { namespace: placement.metadata.namespace ?? "", name },
  patch: { status: { decisions: clusters.map((clusterName) => ({ clusterName, reason: "" })) } },
  subresource: "status",
  ...(observed === undefined ? {} : asObserved(observed)),
})

/**
 * A page of a ring, found by going from page to page that is waited for: one that only waits for a ring would break
 * nothing. Every page waits for another of them.
 */
function findInRing(waiting: ReadonlyMap<string, { readonly after: ReadonlySet<string> }>): string {
  const seen = new Set<string>()
  let name = waiting.keys().next().value!
  while (!seen.has(name)) {
    seen.add(name)
    name = waiting.get(name)!.after.values().next().value!
  }
  return name
}

/** The clusters that a decision names. */
export function clustersOf(decision: PlacementDecision | undefined): readonly string[] {
  return (decision?.status?.decisions ?? []).map((d) => d.clusterName).filter((name) => name !== "")
}

function sameClusters(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

function hasLabels(object: PlacementDecision, labels: Record<string, string>): boolean {
  return Object.entries(labels).every(([key, value]) => object.metadata.labels?.[key] === value)
}

function keyOf(object: PlacementDecision): { namespace: string; name: string } {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" }
}
