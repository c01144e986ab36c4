import { compareText } from "#apimachinery/json.ts"
import type { ManagedFieldsEntry } from "#apimachinery/meta.ts"
import { formatTime, parseTimeMs } from "#lib/clock.ts"
import { parseFieldsV1, type FieldSet } from "./field-set.ts"

/** Who owns fields: entries of one manager with other operations, subresources or (for updates) versions are apart. */
export type ManagerIdentity = {
  readonly manager: string
  readonly operation: "Apply" | "Update"
  readonly apiVersion: string
  readonly subresource: string
}

export type Manager = ManagerIdentity & {
  readonly set: FieldSet
  /** RFC 3339, absent when its last write changed nothing. */
  readonly time: string | undefined
}

/** The managers of an object, by {@link identityText}. */
export type Managers = Map<string, Manager>

/**
 * The identity as upstream makes keys of it: JSON in the order of ManagedFieldsEntry, by which conflicts are sorted. The
 * version of an applied configuration is not part of it: the same manager may apply another one next time.
 */
export function identityText({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  return JSON.stringify({
    ...(manager === "" ? {} : { manager }),
    operation,
    ...(operation === "Apply" || apiVersion === "" ? {} : { apiVersion }),
    ...(subresource === "" ? {} : { subresource }),
  })
}

/** @throws Error for entries that cannot be read */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | null | undefined): Managers {
  const managers: Managers = new Map()
  entries?.forEach((entry, i) => {
    const { manager = "", operation, apiVersion = "", subresource = "", time, fieldsType, fieldsV1 } = entry
    if (operation !== "Apply" && operation !== "Update") throw new Error("operation must be `Apply` or `Update`")
    if (apiVersion === "") throw new Error("apiVersion must not be empty")
    if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${i}`)
    if (fieldsType !== "FieldsV1") {
      throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}`)
    }
    const identity = { manager, operation, apiVersion, subresource }
    managers.set(identityText(identity), { ...identity, set: parseFieldsV1(fieldsV1), time })
  })
  return managers
}

/** Managers as an object has them: those who apply first, then by time, then by name. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()].sort(compareManagers).map((manager): ManagedFieldsEntry => ({
    ...(manager.manager === "" ? {} : { manager: manager.manager }),
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: "FieldsV1",
    fieldsV1: manager.set.toFieldsV1(),
    ...(manager.subresource === "" ? {} : { subresource: manager.subresource }),
  }))
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a) - seconds(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

const seconds = ({ time }: Manager) => Math.floor((parseTimeMs(time) ?? 0) / 1000)

/** Managers that update are at most this many; beyond, the oldest become one. */
const UPDATE_MANAGERS_MAX = 10

/** Who owns what the oldest managers owned. */
const ANCIENT = "ancient-changes"

/** Keeps the number of managers that update bounded. Changes `managers`. */
export function capUpdateManagers(managers: Managers): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === "Update")
  let excess = updaters.length - UPDATE_MANAGERS_MAX
  if (excess <= 0) return
  updaters.sort(([a, left], [b, right]) => seconds(left) - seconds(right) || compareText(a, b))
  const firstOfVersion = new Map<string, string>()
  for (const [key, updater] of updaters) {
    if (excess <= 0) return
    const { apiVersion } = updater
    const first = firstOfVersion.get(apiVersion)
    if (first === undefined) {
      firstOfVersion.set(apiVersion, key)
      continue
    }
    const bucket: ManagerIdentity = { manager: ANCIENT, operation: "Update", apiVersion, subresource: "" }
    const bucketKey = identityText(bucket)
    const oldest = managers.get(bucketKey) ?? managers.get(first)!
    if (!managers.has(bucketKey)) managers.delete(first)
    managers.set(bucketKey, { ...bucket, set: updater.set.union(oldest.set), time: updater.time })
    if (key !== bucketKey) managers.delete(key)
    excess--
  }
}

/** A time as managed fields have it. */
export const managerTime = (nowMs: number): string => formatTime(nowMs)
