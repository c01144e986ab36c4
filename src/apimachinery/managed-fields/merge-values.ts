import { clone, memberOf, setMember, type JsonObject } from "#apimachinery/json.ts"
import type { ListType, MapType, MergeType } from "./merge-type.ts"
import type { PathElement } from "./path-element.ts"
import { elementsOf, formOf, identified, isHollow, memberType, membersOf } from "./typed-value.ts"

/**
 * The live value with a configuration merged in: nothing is removed, and where both have a leaf the configuration's is
 * kept. Neither argument is changed, and nothing of them is in the result.
 *
 * @param live  undefined when absent
 * @param config  undefined when absent
 */
export function mergeValues(type: MergeType, live: unknown, config: unknown): unknown {
  const form = formOf(type, config === undefined ? live : config)
  if (form.form === "map" && !form.map.atomic) {
    const liveMembers = membersOf(live)
    const configMembers = membersOf(config)
    if (!isHollow(liveMembers) || !isHollow(configMembers)) return mergeMembers(form.map, liveMembers, configMembers)
  } else if (form.form === "list" && !form.list.atomic) {
    const liveElements = elementsOf(live)
    const configElements = elementsOf(config)
    if (liveElements.length > 0 || configElements.length > 0) {
      return mergeElements(form.list, liveElements, configElements)
    }
  }
  return clone(config === undefined ? live : config)
}

function mergeMembers(map: MapType, live: JsonObject, config: JsonObject): JsonObject | undefined {
  const merged: JsonObject = {}
  for (const name in live)
    setDefined(merged, name, mergeValues(memberType(map, name), live[name], memberOf(config, name)))
  for (const name in config) {
    if (Object.hasOwn(live, name)) continue
    setDefined(merged, name, mergeValues(memberType(map, name), undefined, config[name]))
  }
  return isHollow(merged) ? undefined : merged
}

function setDefined(object: JsonObject, name: string, value: unknown): void {
  if (value !== undefined) setMember(object, name, value)
}

/**
 * Elements of both lists, each once. Those in the configuration come in its order; those that only live objects have stay
 * where they were between them.
 */
function mergeElements(list: ListType, live: readonly unknown[], config: readonly unknown[]): unknown[] | undefined {
  const left = identified(list, live)
  const right = identified(list, config)
  const leftById = byId(left)
  const rightById = byId(right)
  const element = list.element()
  const merged: unknown[] = []
  const done = new Set<PathElement>()
  const shared = right.filter(({ id }) => leftById.has(id)).map(({ id }) => id)
  const push = (value: unknown) => {
    if (value !== undefined) merged.push(value)
  }
  const pushConfigured = (id: PathElement) => {
    done.add(id)
    push(mergeValues(element, leftById.get(id), rightById.get(id)))
  }
  let next = shared.shift()
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const mine = left[l]
    const theirs = right[r]
    if (mine !== undefined && theirs !== undefined) {
      if (mine.id === theirs.id) {
        pushConfigured(mine.id)
        l++
        r++
        next = shared.shift()
        continue
      }
      // In both, but its turn in the configuration's order has not come or is over.
      if (rightById.has(mine.id) && next !== undefined && next !== mine.id) {
        l++
        continue
      }
    }
    if (mine !== undefined && !rightById.has(mine.id)) {
      push(mergeValues(element, mine.element, undefined))
      l++
      continue
    }
    if (mine !== undefined && done.has(mine.id)) l++
    if (theirs !== undefined) {
      pushConfigured(theirs.id)
      r++
      if (next === theirs.id) next = shared.shift()
    }
  }
  return merged.length === 0 ? undefined : merged
}

/** Elements that cannot be told apart cannot be merged with anything: null stands for them. */
function byId(elements: readonly { element: unknown; id: PathElement }[]): Map<PathElement, unknown> {
  const map = new Map<PathElement, unknown>()
  for (const { element, id } of elements) map.set(id, map.has(id) ? null : element)
  return map
}
