// Deletion: at once, or by marking the object until finalizers and grace have done their work.
// Source: k8s.io/apiserver registry/rest/delete.go, registry/generic/registry/store.go.
import { formatTime } from "#lib/clock.ts"
import { clone } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest, conflict, newStatusError, notFound, type Status } from "#apimachinery/status-error.ts"
import { runMutations, runValidations } from "#apiserver/admission/admission.ts"
import type { StoredValue } from "#apiserver/storage/storage.ts"
import { encodeStored, storageKey } from "./codec.ts"
import { servedObject, storedObject } from "./served-values.ts"
import { FINALIZER_FOREGROUND, FINALIZER_ORPHAN } from "./metadata.ts"
import {
  admissionRequest,
  putOptions,
  strategyContext,
  withRevision,
  type RegistryDeps,
  type WriteRequest,
} from "./write-request.ts"

/** metav1.DeleteOptions, checked. */
export type DeleteOptions = {
  readonly gracePeriodSeconds?: number
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground"
  readonly orphanDependents?: boolean
}

export type Removed = {
  /** In the version of the request: as it was last, or as it is while it waits to go. */
  readonly object: UnknownObject
  readonly gone: boolean
}

/** @throws StatusError */
export async function deleteObject(
  deps: RegistryDeps,
  request: WriteRequest,
  options: DeleteOptions,
): Promise<Removed> {
  const { info, namespace, name } = request
  const key = storageKey(info, info.namespaced ? namespace : "", name)
  let current = deps.storage.get(key)
  for (;;) {
    if (current === undefined) throw notFound(info, name)
    const found = servedObject(info, current)
    const before = found instanceof Promise ? await found : found
    checkPreconditions(request, before, options)
    const nowMs = deps.clock.nowMs()
    const question = admissionRequest(request, "DELETE", nowMs, { before })
    await runMutations(deps.admission, question)
    await runValidations(deps.admission, question)
    const outcome = await attemptDelete(deps, request, options, { current, before, nowMs })
    if ("object" in outcome) return outcome
    // Whoever deletes does not mind what the object says now; preconditions are checked again.
    current = outcome.lostTo
  }
}

type Found = { readonly current: StoredValue; readonly before: UnknownObject; readonly nowMs: number }

async function attemptDelete(
  deps: RegistryDeps,
  request: WriteRequest,
  options: DeleteOptions,
  { current, before, nowMs }: Found,
): Promise<Removed | { readonly lostTo: StoredValue | undefined }> {
  const { info } = request
  const waiting = markDeleted(request, options, before, nowMs)
  if (waiting === "unchanged") return { object: before, gone: false }
  if (waiting === undefined) {
    if (request.dryRun) return { object: before, gone: true }
    const result = await deps.storage.delete(current.key, current.revision)
    if (!result.ok) return { lostTo: result.current }
    return { object: withRevision(ended(before), result.revision), gone: true }
  }
  if (request.dryRun) return { object: waiting, gone: false }
  const converted = storedObject(info, waiting)
  const stored = converted instanceof Promise ? await converted : converted
  const result = await deps.storage.put(current.key, encodeStored(stored), current.revision, putOptions(info, stored))
  if (!result.ok) return { lostTo: result.current }
  return { object: withRevision(waiting, result.revision), gone: false }
}

/** An object that was given time to end and was not left it says so. */
function ended(object: UnknownObject): UnknownObject {
  if (!object.metadata.deletionGracePeriodSeconds) return object
  return { ...object, metadata: { ...object.metadata, deletionGracePeriodSeconds: 0 } }
}

/** @returns the object that stays behind, marked; undefined when nothing keeps it; "unchanged" when it waits already */
function markDeleted(
  request: WriteRequest,
  options: DeleteOptions,
  before: UnknownObject,
  nowMs: number,
): UnknownObject | undefined | "unchanged" {
  const { info } = request
  const { strategy } = info
  const { metadata } = before
  const finalizers = finalizersFor(options, metadata.finalizers ?? [], strategy.orphansByDefault === true)
  const grace = graceSeconds(request, options, before)
  const held = strategy.holdsDeletion?.(before) === true
  if (finalizers.length === 0 && !held && grace === 0) return undefined

  const sameFinalizers = finalizers.join() === (metadata.finalizers ?? []).join()
  const isMarked = metadata.deletionTimestamp !== undefined
  // A later deletion may shorten the grace period, never lengthen it.
  const shortens = grace < (metadata.deletionGracePeriodSeconds ?? 0)
  if (isMarked && sameFinalizers && !shortens) return "unchanged"

  const marked = clone(before)
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers
  else delete marked.metadata.finalizers
  if (isMarked && !shortens) return marked
  marked.metadata.deletionTimestamp = formatTime(nowMs + grace * 1000)
  marked.metadata.deletionGracePeriodSeconds = grace
  if (!isMarked && (metadata.generation ?? 0) > 0) marked.metadata.generation = metadata.generation! + 1
  strategy.prepareForDelete?.(marked, strategyContext(request, nowMs))
  return marked
}

function graceSeconds({ info }: WriteRequest, options: DeleteOptions, before: UnknownObject): number {
  const byDefault = info.strategy.defaultGracePeriodSeconds
  if (byDefault === undefined) return 0
  const asked = options.gracePeriodSeconds ?? byDefault(before)
  // Nothing has started for it yet, so nothing has to be stopped.
  return byDefault(before) === 0 ? 0 : Math.max(asked, 0)
}

/** The finalizers of the garbage collector follow the policy that was asked for; others stay. */
function finalizersFor(options: DeleteOptions, finalizers: readonly string[], orphans: boolean): string[] {
  const { orphanDependents, propagationPolicy: policy } = options
  const others = finalizers.filter((f) => f !== FINALIZER_ORPHAN && f !== FINALIZER_FOREGROUND)
  if (orphanDependents === true || policy === "Orphan") return [...others, FINALIZER_ORPHAN]
  if (policy === "Foreground") return [...others, FINALIZER_FOREGROUND]
  if (orphanDependents === false || policy === "Background") return others
  return orphans && others.length === finalizers.length ? [...others, FINALIZER_ORPHAN] : [...finalizers]
}

function checkPreconditions({ info, name }: WriteRequest, { metadata }: UnknownObject, options: DeleteOptions): void {
  const refuse = (what: string, wanted: string, found = "") => {
    // Upstream names the kind here where it names the resource elsewhere.
    return conflict(
      { group: info.group, resource: info.kind },
      name,
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${what === "UID" ? "deleted and then recreated" : "modified"}`,
    )
  }
  if (options.uid !== undefined && options.uid !== metadata.uid) throw refuse("UID", options.uid, metadata.uid)
  if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion) {
    throw refuse("ResourceVersion", options.resourceVersion, metadata.resourceVersion)
  }
}

/** @returns the options of a DELETE. @throws StatusError for ones that contradict each other */
export function parseDeleteOptions(
  body: Readonly<Record<string, unknown>> | undefined,
  query: URLSearchParams,
): DeleteOptions {
  const from = body ?? Object.fromEntries(query)
  const preconditions = (body?.["preconditions"] ?? {}) as { uid?: string; resourceVersion?: string }
  const problems: { field: string; text: string }[] = []
  const policy = from["propagationPolicy"] as DeleteOptions["propagationPolicy"] | "" | undefined
  const orphan = from["orphanDependents"] === undefined ? undefined : String(from["orphanDependents"]) === "true"
  if (policy && !["Foreground", "Background", "Orphan"].includes(policy)) {
    problems.push({
      field: "propagationPolicy",
      text: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    })
  }
  if (policy && orphan !== undefined) {
    problems.push({
      field: "propagationPolicy",
      text: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    })
  }
  if (problems.length > 0) {
    const texts = problems.map((p) => `${p.field}: ${p.text}`)
    throw newStatusError(
      "Invalid",
      `DeleteOptions.meta.k8s.io "" is invalid: ${texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`}`,
      {
        group: "meta.k8s.io",
        kind: "DeleteOptions",
        causes: problems.map((p) => ({
          reason: p.text.startsWith("Unsupported") ? "FieldValueNotSupported" : "FieldValueInvalid",
          message: p.text,
          field: p.field,
        })),
      },
    )
  }
  const grace = from["gracePeriodSeconds"]
  if (typeof grace === "string" && !/^-?[0-9]{1,15}$/.test(grace)) {
    const why = /^-?[0-9]+$/.test(grace) ? "value out of range" : "invalid syntax"
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: ${why}`)
  }
  return {
    ...(grace === undefined || grace === null || grace === "" ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(preconditions.uid === undefined ? {} : { uid: preconditions.uid }),
    ...(preconditions.resourceVersion === undefined ? {} : { resourceVersion: preconditions.resourceVersion }),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(orphan === undefined ? {} : { orphanDependents: orphan }),
  }
}

/** The answer to a deletion of a kind that is not returned itself. */
export function deletedStatus({ info, name }: WriteRequest, uid: string | undefined): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(info.group === "" ? {} : { group: info.group }),
      kind: info.resource,
      ...(uid === undefined ? {} : { uid }),
    },
    code: 200,
  }
}
