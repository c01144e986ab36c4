import { deepEqual, isJsonObject } from "#apimachinery/json.ts"

/**
 * What the `Update` strategy wants an object on the member to be, and where it differs.
 *
 * A manifest says some fields; API servers, webhooks and controllers say others. Only the fields that the manifest
 * says, and those that its last applied version said and it no longer says, are ours (docs/adr/0005). Everything
 * else of the live object stays, so that defaults, allocated values and autoscalers are no drift.
 */
type Json = unknown
type Map_ = { readonly [key: string]: Json }

/** One place where the live object is not what the manifest says. `want` is undefined where a field has to go. */
export type Difference = {
  readonly path: readonly (string | number)[]
  readonly have: Json
  readonly want: Json
}

export type Merged = { readonly value: Json; readonly differences: readonly Difference[] }

/** Top-level fields that never count as the manifest's body. */
const NOT_BODY = new Set(["apiVersion", "kind", "metadata", "status"])

/**
 * Fields whose maps are one value to Kubernetes (`x-kubernetes-map-type: atomic` in its API): a label more in a selector
 * selects something else, so it is drift, and no controller adds one.
 */
const SELECTORS = new Set(["selector", "nodeSelector", "podSelector", "namespaceSelector", "labelSelector"])

/**
 * @param previous  the manifest as last applied, or undefined when that is not known (nothing is removed then)
 * @param whole  top-level maps in which keys that the manifest does not say are drift: the data of a ConfigMap
 */
export function mergeBody(manifest: Map_, live: Map_, previous: Map_ | undefined, whole: readonly string[]): Merged {
  const differences: Difference[] = []
  const merged = mergeMap(bodyOf(manifest), live, previous && bodyOf(previous), [], differences)
  for (const field of whole) {
    const want = manifest[field]
    const have = merged[field]
    if (!isJsonObject(want) || !isJsonObject(have)) continue
    merged[field] = onlySaid(want, have, [field], differences)
  }
  return { value: merged, differences }
}

/** Without the keys that `want` does not say. */
function onlySaid(want: Map_, have: Map_, path: Difference["path"], differences: Difference[]): Record<string, Json> {
  const kept: Record<string, Json> = {}
  for (const [key, value] of Object.entries(have)) {
    if (isSaid(want[key])) kept[key] = value
    else differences.push({ path: [...path, key], have: value, want: undefined })
  }
  return kept
}

/** The part of a manifest or object that `mergeBody` compares. */
export function bodyOf(object: Map_): Map_ {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !NOT_BODY.has(key)))
}

/** null says nothing, as on the API server. */
const isSaid = (value: Json): boolean => value !== undefined && value !== null

function mergeMap(
  want: Map_,
  live: Map_,
  previous: Map_ | undefined,
  path: Difference["path"],
  differences: Difference[],
): Record<string, Json> {
  const out: Record<string, Json> = { ...live }
  for (const [key, value] of Object.entries(want)) {
    if (!isSaid(value)) continue
    out[key] = mergeValue(value, live[key], previous?.[key], [...path, key], differences)
    if (out[key] === undefined) delete out[key]
  }
  for (const [key, value] of Object.entries(previous ?? {})) {
    if (!isSaid(value) || isSaid(want[key]) || !(key in live)) continue
    differences.push({ path: [...path, key], have: live[key], want: undefined })
    delete out[key]
  }
  return out
}

function mergeValue(want: Json, live: Json, previous: Json, path: Difference["path"], differences: Difference[]): Json {
  if (isJsonObject(want)) {
    if (isJsonObject(live)) {
      // Under a selector everything is the manifest's, so that what was said before is of no interest.
      if (path.some((key) => SELECTORS.has(String(key)))) {
        return onlySaid(want, mergeMap(want, live, undefined, path, differences), path, differences)
      }
      return mergeMap(want, live, isJsonObject(previous) ? previous : undefined, path, differences)
    }
    // The API server drops empty maps of some built-in fields; saying nothing is what they say.
    if (live === undefined && Object.keys(want).length === 0) return live
  } else if (Array.isArray(want)) {
    if (Array.isArray(live)) return mergeList(want, live, Array.isArray(previous) ? previous : [], path, differences)
    if (live === undefined && want.length === 0) return live
  } else if (want === live) return live
  differences.push({ path, have: live, want })
  return want
}

/**
 * Items of a list of objects are matched by `name`, else by place when there are as many. A list with other items
 * than the manifest's is different as a whole: its order and its members are the manifest's to say.
 */
function mergeList(
  want: readonly Json[],
  live: readonly Json[],
  previous: readonly Json[],
  path: Difference["path"],
  differences: Difference[],
): readonly Json[] {
  if (!want.every(isJsonObject) || !live.every(isJsonObject)) {
    if (!deepEqual(want, live)) differences.push({ path, have: live, want })
    return want
  }
  const named = uniqueNames(want) !== undefined
  const liveByName = named ? uniqueNames(live) : undefined
  const previousByName = named && previous.every(isJsonObject) ? uniqueNames(previous) : undefined
  const aligned =
    want.length === live.length &&
    want.every((item, i) =>
      liveByName ? liveByName.get(item.name as string) === live[i] : !named || live.length === 0,
    )
  const inner: Difference[] = []
  const merged = want.map((item, i) => {
    const of = liveByName ? liveByName.get(item.name as string) : named || !aligned ? undefined : live[i]
    if (of === undefined) return item
    const before = previousByName ? previousByName.get(item.name as string) : named ? undefined : previous[i]
    return mergeMap(item, of, isJsonObject(before) ? before : undefined, [...path, i], inner)
  })
  if (aligned) differences.push(...inner)
  else differences.push({ path, have: live, want: merged })
  return merged
}

function uniqueNames(items: readonly Map_[]): Map<string, Map_> | undefined {
  const byName = new Map<string, Map_>()
  for (const item of items) {
    if (typeof item.name !== "string" || byName.has(item.name)) return undefined
    byName.set(item.name, item)
  }
  return byName
}

/**
 * A JSON merge patch that brings `differences` to what `merged` holds. A difference inside a list takes the whole
 * list along: merge patches know no smaller step.
 */
export function mergePatchOf(merged: Json, differences: readonly Difference[]): Record<string, Json> {
  const patch: Record<string, Json> = {}
  for (const { path } of differences) {
    const toList = path.findIndex((part) => typeof part === "number")
    const keys = (toList < 0 ? path : path.slice(0, toList)) as readonly string[]
    let into = patch
    let from: Json = merged
    for (const [depth, key] of keys.entries()) {
      from = isJsonObject(from) ? from[key] : undefined
      if (depth === keys.length - 1) into[key] = from ?? null
      else into = (into[key] ??= {}) as Record<string, Json>
    }
  }
  return patch
}

/** Deeply without null map values; the same reference where there were none. */
export function withoutNulls<T extends Json>(value: T): T {
  if (Array.isArray(value)) {
    let changed = false
    const items = value.map((item) => {
      const clean = withoutNulls(item)
      changed ||= clean !== item
      return clean
    })
    return changed ? (items as T) : value
  }
  if (!isJsonObject(value)) return value
  let out: Record<string, Json> | undefined
  for (const [key, item] of Object.entries(value)) {
    const clean = withoutNulls(item)
    if (clean === item && item !== null) continue
    out ??= { ...value }
    if (clean === null) delete out[key]
    else out[key] = clean
  }
  return (out as T | undefined) ?? value
}
