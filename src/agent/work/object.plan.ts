import { deepEqual } from "#apimachinery/json.ts"
import type { OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import { DEFAULT_FIELD_MANAGER } from "#api/work/names.ts"
import type { Action } from "#runtime/plan.ts"
import { saidOf } from "./ignore-fields.ts"
import { mergeBody, mergePatchOf } from "./manifest-merge.ts"
import type { Difference } from "./manifest-merge.ts"
import type { PreparedManifest, Target } from "./manifests.ts"

/** What is known of an object after it was last brought to its manifest. Kept in memory, per work and object. */
export type AppliedState = {
  /** The strategy it was applied by: another one has other ways to own fields. Absent when not known. */
  readonly by?: string
  /** As last applied: what it said and the next version does not is removed. */
  readonly manifest: UnknownObject
  /** Version of the live object that was last compared; "" when none was. */
  readonly resourceVersion: string
  /**
   * Differences that remained in the server's answer to our own write, by path: a canonical quantity, a pruned field,
   * a sidecar that a webhook puts in. While they stay exactly so they are no drift; this is what ends fights.
   */
  readonly accepted: ReadonlyMap<string, string>
}

export type ObservedObject = {
  readonly manifest: PreparedManifest & { readonly target: Target }
  /** null: known not to exist. undefined: not known; a create finds out. */
  readonly live: UnknownObject | null | undefined
  /** The reference to the AppliedManifestWork that an owned object carries. */
  readonly owner: OwnerReference
  readonly applied: AppliedState | undefined
}

export type ObjectPlan = {
  /** At most one write. */
  readonly action?: Action
  /** Where the live object differs from the manifest, for logs and for people who ask why. */
  readonly differences: readonly Difference[]
  readonly why: string
}

export const AS_SAID = "as the manifest says"

/** Decides the one write that brings an object to its manifest, by its update strategy. */
export function planObject(observed: ObservedObject): ObjectPlan {
  const { manifest, live, applied } = observed
  const strategy = manifest.strategy.type ?? "Update"
  if (strategy === "ReadOnly") return nothing("read only: reported, never written")
  if (live?.metadata.deletionTimestamp !== undefined) return nothing("being deleted: created again once it is gone")
  if (strategy === "ServerSideApply") return planServerSideApply(observed)
  if (!live) return { action: createAction(observed), differences: [], why: "missing" }
  if (strategy === "CreateOnly") return planOwnerOnly(observed, live)
  if (applied !== undefined && live.metadata.resourceVersion === applied.resourceVersion) {
    if (applied.manifest === manifest.object && hasWantedOwner(observed, live)) return nothing("compared before")
  }
  return planUpdate(observed, live)
}

/** Replaces everything but metadata and status: for when a merged object is refused, a changed union for instance. */
export function planReplace({ manifest, owner }: ObservedObject, live: UnknownObject): Action {
  const { type } = manifest.target
  const metadata = {
    ...live.metadata,
    labels: mergeKeys(live.metadata.labels, manifest.object.metadata.labels),
    annotations: mergeKeys(live.metadata.annotations, manifest.object.metadata.annotations),
    ownerReferences: [...wantedOwners(live, owner, manifest.owned)],
  }
  const status = live.status === undefined ? {} : { status: live.status }
  return { do: "update", type, object: { ...manifest.object, ...status, metadata } as UnknownObject }
}

/** What to remember after `answer` came back for a write of `manifest`, or after it was found to need none. */
export function settle(
  manifest: PreparedManifest,
  applied: AppliedState | undefined,
  answer: UnknownObject,
): AppliedState {
  const accepted = new Map<string, string>()
  for (const difference of differencesOf(manifest, said(manifest, answer), answer, applied?.manifest).differences) {
    accepted.set(pathKey(difference), JSON.stringify(difference.have) ?? "")
  }
  const by = strategyKey(manifest)
  return { manifest: manifest.object, by, resourceVersion: answer.metadata.resourceVersion ?? "", accepted }
}

const strategyKey = ({ strategy }: PreparedManifest): string =>
  strategy.type === "ServerSideApply"
    ? `apply by ${strategy.serverSideApply?.fieldManager ?? DEFAULT_FIELD_MANAGER}`
    : ""

/** The differences of `live` that are drift, and the body that would end them. */
function differencesOf(
  manifest: PreparedManifest,
  said: UnknownObject,
  live: UnknownObject,
  previous: UnknownObject | undefined,
) {
  const merged = mergeBody(said, live, previous, wholeFields(manifest.object, live))
  const metadata: Difference[] = []
  for (const field of ["labels", "annotations"] as const) {
    for (const [key, want] of Object.entries(said.metadata[field] ?? {})) {
      const removes = key.endsWith("-")
      const name = removes ? key.slice(0, -1) : key
      const have = live.metadata[field]?.[name]
      if (have === (removes ? undefined : want)) continue
      metadata.push({ path: ["metadata", field, name], have, want: removes ? undefined : want })
    }
  }
  return { body: merged.value, differences: [...metadata, ...merged.differences] }
}

/**
 * Maps whose every key is the manifest's: what somebody adds to them by hand is drift. A key that another program
 * is asked to put in stays. Source of the exceptions: library-go resourceapply.ApplyConfigMap, ApplySecret.
 */
function wholeFields(manifest: UnknownObject, live: UnknownObject): readonly string[] {
  if (manifest.apiVersion !== "v1" || (manifest.kind !== "ConfigMap" && manifest.kind !== "Secret")) return []
  if (live.type === "kubernetes.io/service-account-token") return []
  if (manifest.metadata.labels?.["config.openshift.io/inject-trusted-cabundle"] === "true") return []
  return ["data", "binaryData"]
}

function planUpdate(observed: ObservedObject, live: UnknownObject): ObjectPlan {
  const { manifest, applied } = observed
  const { body, differences: all } = differencesOf(manifest, manifest.object, live, applied?.manifest)
  const differences = all.filter((difference) => !isKnown(difference, manifest, applied))
  const owners = wantedOwners(live, observed.owner, manifest.owned)
  const ownersDiffer = !deepEqual(owners, live.metadata.ownerReferences ?? [])
  if (differences.length === 0 && !ownersDiffer) return nothing(AS_SAID)
  const patch = mergePatchOf(
    body,
    differences.filter(({ path }) => path[0] !== "metadata"),
  )
  const metadata: Record<string, unknown> = {}
  for (const { path, want } of differences) {
    if (path[0] !== "metadata") continue
    const [, field, name] = path as readonly string[]
    metadata[field!] = { ...(metadata[field!] as object | undefined), [name!]: want ?? null }
  }
  if (ownersDiffer) metadata.ownerReferences = owners
  if (Object.keys(metadata).length > 0) patch.metadata = metadata
  return { action: patchAction(observed, live, patch, ownersDiffer), differences, why: "differs from the manifest" }
}

const isKnown = (difference: Difference, manifest: PreparedManifest, applied: AppliedState | undefined): boolean =>
  applied?.manifest === manifest.object && isAccepted(difference, applied)

/** Whether the server makes this of what we write. */
export const isAccepted = (difference: Difference, applied: AppliedState | undefined): boolean =>
  applied?.accepted.get(pathKey(difference)) === (JSON.stringify(difference.have) ?? "")

const pathKey = ({ path }: Difference): string => JSON.stringify(path)

/** What of the manifest is ours to say about the live object. */
const said = ({ object, ignored }: PreparedManifest, live: UnknownObject): UnknownObject =>
  ignored === undefined ? object : saidOf(object, ignored, live)

function planServerSideApply(observed: ObservedObject): ObjectPlan {
  const { manifest, live, applied, owner } = observed
  const { force, fieldManager } = manifest.strategy.serverSideApply ?? {}
  let differences: readonly Difference[] = []
  const isApplied = applied?.manifest === manifest.object && applied.by === strategyKey(manifest)
  if (live && isApplied && hasWantedOwner(observed, live)) {
    if (applied.resourceVersion === live.metadata.resourceVersion) return nothing("compared before")
    differences = differencesOf(manifest, said(manifest, live), live, undefined).differences.filter(
      (difference) => !isKnown(difference, manifest, applied),
    )
    if (differences.length === 0) return nothing(AS_SAID)
  }
  const object = live ? said(manifest, live) : manifest.object
  const metadata = { ...saidMetadata(object), ...(manifest.owned ? { ownerReferences: [owner] } : {}) }
  return {
    action: {
      do: "apply",
      type: manifest.target.type,
      object: { ...object, metadata },
      fieldManager: fieldManager ?? DEFAULT_FIELD_MANAGER,
      force: force ?? false,
    },
    differences,
    why: live ? "differs from the manifest" : "missing",
  }
}

function planOwnerOnly(observed: ObservedObject, live: UnknownObject): ObjectPlan {
  if (hasWantedOwner(observed, live)) return nothing("created once and left alone")
  const ownerReferences = wantedOwners(live, observed.owner, observed.manifest.owned)
  return {
    action: patchAction(observed, live, { metadata: { ownerReferences } }, true),
    differences: [],
    why: "owner reference differs",
  }
}

function createAction({ manifest, owner }: ObservedObject): Action {
  const metadata = { ...saidMetadata(manifest.object), ...(manifest.owned ? { ownerReferences: [owner] } : {}) }
  return { do: "create", type: manifest.target.type, object: { ...manifest.object, metadata } }
}

/** The uid keeps the patch from reaching a namesake; a list of owners replaces the one it was computed from. */
function patchAction(
  { manifest }: ObservedObject,
  live: UnknownObject,
  patch: Record<string, unknown>,
  ownersChange: boolean,
): Action {
  const { type, namespace, name } = manifest.target
  const { uid, resourceVersion } = live.metadata
  return {
    do: "patch",
    type,
    key: { name, ...(namespace === undefined ? {} : { namespace }) },
    patch,
    ...(uid === undefined ? {} : { uid }),
    ...(ownersChange && resourceVersion !== undefined ? { resourceVersion } : {}),
  }
}

/** Labels and annotations whose key ends in `-` only remove. */
function saidMetadata(object: UnknownObject): UnknownObject["metadata"] {
  const { labels, annotations, ...rest } = object.metadata
  return {
    ...rest,
    ...(labels === undefined ? {} : { labels: mergeKeys({}, labels) }),
    ...(annotations === undefined ? {} : { annotations: mergeKeys({}, annotations) }),
  }
}

function mergeKeys(
  have: Record<string, string> | undefined,
  want: Record<string, string> | undefined,
): Record<string, string> {
  const out = { ...have }
  for (const [key, value] of Object.entries(want ?? {})) {
    if (key.endsWith("-")) delete out[key.slice(0, -1)]
    else out[key] = value
  }
  return out
}

const isOurs = (owner: OwnerReference) => (reference: OwnerReference) =>
  reference.kind === owner.kind && reference.name === owner.name

/** A reference of the same name with another uid is left from an AppliedManifestWork that is no more. */
export function wantedOwners(live: UnknownObject, owner: OwnerReference, owned: boolean): readonly OwnerReference[] {
  const existing = live.metadata.ownerReferences ?? []
  if (!owned) return existing.filter((reference) => reference.uid !== owner.uid)
  if (existing.some((reference) => reference.uid === owner.uid)) return existing
  return [...existing.filter((reference) => !isOurs(owner)(reference)), owner]
}

function hasWantedOwner({ manifest, owner }: ObservedObject, live: UnknownObject): boolean {
  const existing = live.metadata.ownerReferences ?? []
  return existing.some((reference) => reference.uid === owner.uid) === manifest.owned
}

const nothing = (why: string): ObjectPlan => ({ differences: [], why })

/**
 * Whether a change of a live object can be drift. Changes of status alone are not, and they are the frequent ones.
 * `generation` counts changes of spec where the kind has it.
 */
export function isStatusOnly(before: UnknownObject, after: UnknownObject): boolean {
  const a = before.metadata
  const b = after.metadata
  if (a.uid !== b.uid || a.deletionTimestamp !== b.deletionTimestamp) return false
  if (!deepEqual(a.labels, b.labels) || !deepEqual(a.annotations, b.annotations)) return false
  if (!deepEqual(a.ownerReferences, b.ownerReferences)) return false
  if (a.generation !== undefined && b.generation !== undefined) return a.generation === b.generation
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (key !== "metadata" && key !== "status" && !deepEqual(before[key], after[key])) return false
  }
  return true
}
