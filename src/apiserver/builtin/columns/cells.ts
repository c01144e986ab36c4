import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { humanDuration } from "./duration.ts"

export type Cell = (object: UnknownObject, nowMs: number) => unknown
/** By the name of the column. */
export type Cells = { readonly [column: string]: Cell }

export const nameCell: Cell = (object) => object.metadata.name ?? ""

/** How long ago a time is, `<unknown>` for none. */
export function since(time: unknown, nowMs: number): string {
  const ms = typeof time === "string" ? parseTimeMs(time) : undefined
  return ms === undefined ? "<unknown>" : humanDuration(nowMs - ms)
}

export const ageCell: Cell = (object, nowMs) => since(object.metadata.creationTimestamp, nowMs)
