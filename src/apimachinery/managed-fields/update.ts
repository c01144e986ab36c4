import type { JsonObject } from "#apimachinery/json.ts"
import type { ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { compareValues } from "./compare.ts"
import { EMPTY_SET } from "./field-set.ts"
import {
  capUpdateManagers,
  decodeManagers,
  encodeManagers,
  identityText,
  managerTime,
  type ManagerIdentity,
  type Managers,
} from "./managers.ts"
import { rootType, type MergeType } from "./merge-type.ts"
import {
  disown,
  reconcileManagers,
  resetSet,
  setOwned,
  withoutReset,
  withoutUnowned,
  type ResetFields,
} from "./ownership.ts"

export type UpdateArguments = {
  /** The live object; undefined when the object is created. */
  readonly before: UnknownObject | undefined
  /** What is to be stored. Its `managedFields`, if any, are what the client sent. */
  readonly after: UnknownObject
  readonly schema: KindSchema | undefined
  /** An object of the kind in which nothing is set; what it has belongs to nobody. */
  readonly empty?: JsonObject | undefined
  /** The request's field manager; `unknown` stands for "". */
  readonly manager: string
  readonly nowMs: number
  /** That of the request. */
  readonly apiVersion: string
  readonly subresource?: string | undefined
  readonly resetFields?: ResetFields
}

/**
 * The managed fields of an object after a create, update or patch: the manager owns what it changed, nobody else does.
 *
 * A client may send managed fields: `[{}]` forgets all owners, others replace them. An object that was never tracked
 * stays so until somebody applies.
 *
 * @returns the entries in order; none for an object that is not tracked
 */
export function updateManagedFields(update: UpdateArguments): ManagedFieldsEntry[] {
  const { before, after, apiVersion } = update
  const managers = managersToUpdate(update)
  if (managers.size === 0 && before?.metadata.uid !== undefined) return []
  const identity: ManagerIdentity = {
    manager: update.manager === "" ? "unknown" : update.manager,
    operation: "Update",
    apiVersion,
    subresource: update.subresource ?? "",
  }
  const type = rootType(update.schema)
  const owners = bookUpdate({ ...update, before: before ?? emptyLike(after, update.empty), managers, identity, type })
  return encodeManagers(owners)
}

/** What there is before an object exists. */
export function emptyLike({ apiVersion, kind }: UnknownObject, empty?: JsonObject): UnknownObject {
  return { ...empty, apiVersion, kind, metadata: {} }
}

/** The managers that the client sent, if it may and did, else those of the live object. What cannot be read counts as none. */
function managersToUpdate({ before, after, subresource }: UpdateArguments): Managers {
  const live = () => decodeLeniently(before?.metadata.managedFields)
  const sent = after.metadata.managedFields
  if (subresource || !Array.isArray(sent)) return live()
  if (sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0)) return new Map()
  const managers = decodeLeniently(sent)
  return managers.size > 0 ? managers : live()
}

function decodeLeniently(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  try {
    return decodeManagers(entries)
  } catch {
    return new Map()
  }
}

/** Books what changed under `identity`. */
export function bookUpdate(update: {
  readonly before: UnknownObject
  readonly after: UnknownObject
  readonly managers: Managers
  readonly identity: ManagerIdentity
  readonly type: MergeType
  readonly nowMs: number
  readonly resetFields?: ResetFields
}): Managers {
  const { identity, type } = update
  const managers = reconcileManagers(update.managers, type)
  const changes = compareValues(type, untracked(update.before), untracked(update.after))
  const comparison = withoutReset(changes, resetSet(update.resetFields))
  const key = identityText(identity)
  // A manager that writes again is first one of the others: what it removed it owns no more.
  disown(managers, "", comparison)
  const written = withoutUnowned(comparison.modified.union(comparison.added))
  if (!written.isEmpty) {
    const owned = managers.get(key)?.set ?? EMPTY_SET
    setOwned(managers, { ...identity, set: EMPTY_SET, time: managerTime(update.nowMs) }, written.union(owned))
  }
  capUpdateManagers(managers)
  return managers
}

/** The object without its managed fields, of which nobody keeps track. */
export function untracked(object: UnknownObject): UnknownObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
