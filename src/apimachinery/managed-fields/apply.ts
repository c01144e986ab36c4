import { parseApiVersion } from "#apimachinery/gvk.ts"
import { clone, deepEqual, isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { rootShape } from "#apimachinery/schema/shape.ts"
import { badRequest, newStatusError } from "#apimachinery/status-error.ts"
import { compareValues } from "./compare.ts"
import { conflictError } from "./conflict.ts"
import { dropNulls } from "./drop-nulls.ts"
import { fieldSetOf } from "./field-set-of.ts"
import { FieldSet } from "./field-set.ts"
import { allowedByLastApplied, setLastApplied } from "./last-applied.ts"
import { decodeManagers, encodeManagers, identityText, managerTime, type Manager, type Managers } from "./managers.ts"
import { rootType, type MergeType } from "./merge-type.ts"
import { mergeValues } from "./merge-values.ts"
import {
  disown,
  findConflicts,
  reconcileManagers,
  resetSet,
  setOwned,
  withoutReset,
  withoutUnowned,
  type ResetFields,
} from "./ownership.ts"
import { removeItems } from "./remove-items.ts"
import { withNamedFields } from "./set-schema.ts"
import { findTypeProblems } from "./type-check.ts"
import { bookUpdate, emptyLike, untracked } from "./update.ts"

export type ApplyArguments = {
  /** undefined when the object is to be created. */
  readonly live: UnknownObject | undefined
  /** What the manager wants, and nothing else. */
  readonly config: UnknownObject
  readonly schema: KindSchema | undefined
  /** An object of the kind in which nothing is set; what it has belongs to nobody. */
  readonly empty?: JsonObject | undefined
  readonly manager: string
  /** Take fields from other managers instead of refusing. */
  readonly force: boolean
  readonly nowMs: number
  /** That of the request. */
  readonly apiVersion: string
  readonly subresource?: string | undefined
  readonly resetFields?: ResetFields
}

/** Who owns the fields of an object that was never applied before. */
const BEFORE_FIRST_APPLY = "before-first-apply"

/**
 * Server-side apply: merges what a manager wants into the live object, removes what it wanted before and no longer, unless
 * others own that too, and books what it owns. Neither argument is changed, and nothing of them is in the result.
 *
 * @returns the object with new managed fields. Defaults are not filled in; of a custom resource, objects and lists that
 *   became empty are null
 * @throws StatusError Conflict when others own what would change; BadRequest for another version or managed fields in the
 *   configuration; 500 (as the API server has it) for what the schema does not know
 */
export function applyPatch(args: ApplyArguments): { object: UnknownObject } {
  const { config, schema } = args
  const type = rootType(schema)
  checkConfiguration(args, type)
  const live = args.live ?? emptyLike(config)
  const applied = applyWithHistory(args, live, type)
  // A configuration that kubectl applied on the client side is kept up to date, so that one can go back.
  const object = args.manager === "kubectl" ? setLastApplied(applied.object, config) : applied.object
  const pruned = schema !== undefined && hasTypedMetadata(schema) ? dropNulls(object, rootShape(schema)) : object
  const { managedFields: _, ...metadata } = clone(pruned.metadata)
  const entries = encodeManagers(applied.managers)
  return {
    object: { ...clone(pruned), metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } },
  }
}

/** A built-in kind: the schema of a custom one does not describe metadata. */
function hasTypedMetadata(schema: KindSchema): boolean {
  return rootShape(schema).properties.get("metadata")?.properties.has("ownerReferences") ?? false
}

function checkConfiguration({ config, apiVersion }: ApplyArguments, type: MergeType): void {
  if (config.apiVersion !== apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${config.apiVersion}, expected: ${apiVersion}`,
    )
  }
  const managedFields: unknown = config.metadata?.managedFields
  if (managedFields !== undefined && managedFields !== null) throw badRequest("metadata.managedFields must be nil")
  const problems = findTypeProblems(type, config)
  if (problems !== undefined) {
    throw newStatusError("", `failed to create typed patch object (${describe(config)}): ${problems}`)
  }
}

/** `ns/name; apps/v1, Kind=Deployment`. */
function describe({ apiVersion, kind, metadata }: UnknownObject): string {
  const { group, version } = parseApiVersion(apiVersion)
  return `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}; ${group}/${version}, Kind=${kind}`
}

type Applied = { readonly managers: Managers; readonly object: UnknownObject }

/** Applies; books what nobody owns yet first, and lets kubectl take over what it applied on the client side. */
function applyWithHistory(args: ApplyArguments, live: UnknownObject, type: MergeType): Applied {
  let managers = decodeOrThrow(live)
  if (managers.size === 0) {
    managers = bookUpdate({
      ...args,
      before: emptyLike(live, args.empty),
      after: live,
      managers,
      identity: {
        manager: BEFORE_FIRST_APPLY,
        operation: "Update",
        apiVersion: args.apiVersion,
        subresource: args.subresource ?? "",
      },
      type,
    })
  }
  const outcome = applyOnce(args, live, managers, type, args.force)
  if (!("conflicts" in outcome)) return outcome
  const allowed = args.manager === "kubectl" ? allowedByLastApplied(live, args.apiVersion, type) : undefined
  const remaining = outcome.conflicts.filter(({ path }) => !allowed?.has(path))
  if (remaining.length > 0) throw conflictError(remaining)
  return applyOnce(args, live, managers, type, true) as Applied
}

function decodeOrThrow(live: UnknownObject): Managers {
  try {
    return decodeManagers(live.metadata.managedFields)
  } catch (error) {
    throw newStatusError("", `failed to decode managed fields: ${(error as Error).message}`)
  }
}

function applyOnce(
  args: ApplyArguments,
  live: UnknownObject,
  before: Managers,
  type: MergeType,
  force: boolean,
): Applied | { readonly conflicts: ReturnType<typeof findConflicts> } {
  const { config } = args
  const managers = reconcileManagers(before, type)
  const self: Manager = {
    manager: args.manager,
    operation: "Apply",
    apiVersion: args.apiVersion,
    subresource: args.subresource ?? "",
    set: fieldSetOf(type, config).recursiveDifference(resetSet(args.resetFields)),
    time: undefined,
  }
  const key = identityText(self)
  const last = managers.get(key)
  managers.set(key, { ...self, time: last?.time })
  const liveContent = untracked(live)
  const merged = mergeValues(type, liveContent, config)
  const object = last === undefined ? merged : prune(type, merged, managers, last.set)
  const changes = compareValues(type, liveContent, object)
  const comparison = withoutReset(changes, resetSet(args.resetFields))
  const conflicts = force ? [] : findConflicts(managers, key, comparison)
  if (conflicts.length > 0) return { conflicts }
  disown(managers, key, comparison)
  const owned = withoutUnowned(self.set)
  // The time of a manager is that of its last write that changed anything.
  const changed = !deepEqual(liveContent, object)
  setOwned(managers, { ...self, time: changed ? managerTime(args.nowMs) : last?.time }, owned)
  if (owned.isEmpty) managers.delete(key)
  return { managers, object: isJsonObject(object) ? (object as UnknownObject) : liveContent }
}

/**
 * Removes what the manager applied last time and not this time, and nobody else owns.
 *
 * @param managers  with what the manager applies this time
 */
function prune(type: MergeType, merged: unknown, managers: Managers, last: FieldSet): unknown {
  if (last.isEmpty) return merged
  const named = (set: FieldSet) => withNamedFields(set, type)
  const lastNamed = named(last)
  const mergedSet = named(fieldSetOf(type, merged))
  let pruned = removeItems(type, merged, lastNamed)
  // Back with what anybody owns, this configuration included.
  let managed = new FieldSet()
  for (const manager of managers.values()) managed = managed.union(manager.set)
  const kept = named(fieldSetOf(type, pruned)).union(named(managed))
  pruned = removeItems(type, merged, mergedSet.difference(kept))
  // Back with what went with an item and was never this manager's.
  const gone = mergedSet.difference(named(fieldSetOf(type, pruned)))
  return removeItems(type, merged, gone.intersection(lastNamed))
}
