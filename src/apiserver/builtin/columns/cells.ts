import { labelSelectorOf } from "#apimachinery/selectors.ts"
import type { LabelSelectorObject } from "#apimachinery/selectors.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { at, itemsIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { humanDuration } from "./duration.ts"

/** What kubectl shows of one object in one column. Source of all cells: k8s.io/kubernetes pkg/printers/internalversion. */
export type Cell = (object: UnknownObject, nowMs: number) => unknown
/** By the name of the column. */
export type Cells = { readonly [column: string]: Cell }

export const NONE = "<none>"
export const UNSET = "<unset>"
export const UNKNOWN = "<unknown>"

export const nameCell: Cell = (object) => object.metadata.name ?? ""

/** How long ago a time is, `<unknown>` for none. */
export function since(time: unknown, nowMs: number): string {
  const ms = typeof time === "string" ? parseTimeMs(time) : undefined
  return ms === undefined ? UNKNOWN : humanDuration(nowMs - ms)
}

export const ageCell: Cell = (object, nowMs) => since(object.metadata.creationTimestamp, nowMs)

const pathOf = (path: string) => path.split(".")

/** The value at a path; `absent` when there is none. */
export function valueAt(path: string, absent: unknown): Cell {
  const fields = pathOf(path)
  return (object) => at(object, ...fields) ?? absent
}

/** The text at a path; `absent` also for an empty one. */
export function textAt(path: string, absent = ""): Cell {
  const fields = pathOf(path)
  return (object) => {
    const value = at(object, ...fields)
    return value === undefined || value === null || value === "" ? absent : String(value)
  }
}

/** How many items or members there are at a path. */
export function countAt(path: string): Cell {
  const fields = pathOf(path)
  return (object) => {
    const value = at(object, ...fields)
    if (Array.isArray(value)) return value.length
    return typeof value === "object" && value !== null ? Object.keys(value).length : 0
  }
}

/** Names and images of the containers of a pod spec at a path. */
export function containerCells(path: string): Cells {
  const fields = pathOf(path)
  const joined = (field: string) => (object: UnknownObject) =>
    itemsIn(at(object, ...fields), "containers")
      .map((c) => textIn(c, field))
      .join(",")
  return { Containers: joined("name"), Images: joined("image") }
}

/** Labels as `a=b,c=d`. */
export function labelsText(labels: Json): string {
  const names = Object.keys(labels).sort()
  return names.length === 0 ? NONE : names.map((name) => `${name}=${String(labels[name])}`).join(",")
}

export function labelsAt(path: string): Cell {
  const fields = pathOf(path)
  return (object) => labelsText((at(object, ...fields) as Json | undefined) ?? {})
}

/** A label selector as text, `absent` for one that selects everything or nothing. */
export function selectorText(selector: unknown, absent: string): string {
  try {
    return labelSelectorOf(selector as LabelSelectorObject | undefined).toString() || absent
  } catch {
    return "<error>"
  }
}

export function selectorAt(path: string, absent = NONE): Cell {
  const fields = pathOf(path)
  return (object) => selectorText(at(object, ...fields), absent)
}

/** `a,b,c + 2 more...` */
export function shortList(items: readonly string[], itemsMax: number, separator = ","): string {
  const shown = items.slice(0, itemsMax).join(separator)
  return items.length > itemsMax ? `${shown} + ${items.length - itemsMax} more...` : shown
}

export const isConditionTrue = (object: UnknownObject, type: string): boolean =>
  itemsIn(object["status"], "conditions").find((c) => c["type"] === type)?.["status"] === "True"

/** `Kind/name` of a reference. */
export const referenceText = (reference: Json): string => `${textIn(reference, "kind")}/${textIn(reference, "name")}`
