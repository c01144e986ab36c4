// Lists by resourceVersion, limit and continue. Source: k8s.io/apiserver storage.ValidateListOptions, GetListOpts;
// KEP-365 (continue), KEP-1904 (resourceVersionMatch).
import { goJsonError } from "#apimachinery/go-json-error.ts"
import { badRequest, newStatusError, type FieldError, type StatusError } from "#apimachinery/status-error.ts"
import { CompactedError, type Storage, type StoredValue } from "#apiserver/storage/storage.ts"
import type { Selection } from "./selection.ts"

export type ListRequest = {
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  readonly limit: number
  readonly continue: string
  /** Belongs to watches. */
  readonly sendInitialEvents?: boolean | undefined
}

export type ListResult = {
  readonly items: readonly StoredValue[]
  /** Of the snapshot. */
  readonly revision: number
  readonly continue?: string
  readonly remainingItemCount?: number
}

/** Values fetched at a time when a selector drops some of them. */
const SCAN_CHUNK = 1000

/** @throws StatusError for a request that contradicts itself */
export function validateListRequest(request: ListRequest): void {
  const { resourceVersion, resourceVersionMatch: match } = request
  const errors: FieldError[] = []
  const error = (reason: FieldError["reason"], body: string) =>
    errors.push({ field: "resourceVersionMatch", reason, body })
  if (match !== "") {
    if (resourceVersion === "")
      error("FieldValueForbidden", "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
    if (request.continue !== "")
      error("FieldValueForbidden", "Forbidden: resourceVersionMatch is forbidden when continue is provided")
    if (match !== "Exact" && match !== "NotOlderThan") {
      error(
        "FieldValueNotSupported",
        `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
      )
    }
    if (match === "Exact" && resourceVersion === "0") {
      error("FieldValueForbidden", 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    }
  }
  if (request.sendInitialEvents === true) {
    const body = "Forbidden: sendInitialEvents is forbidden for list"
    errors.push({ field: "sendInitialEvents", reason: "FieldValueForbidden", body })
  }
  if (errors.length > 0) throw invalidListOptions(errors)
}

/** 422 as the server words problems of list and watch options. */
export function invalidListOptions(errors: readonly FieldError[]): StatusError {
  const texts = errors.map((e) => `${e.field}: ${e.body}`)
  const body = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`
  return newStatusError("Invalid", `ListOptions.meta.k8s.io "" is invalid: ${body}`, {
    group: "meta.k8s.io",
    kind: "ListOptions",
    causes: errors.map((e) => ({ reason: e.reason, message: e.body, field: e.field })),
  })
}

/**
 * The revision that a list is of: what its continue token or its resourceVersion names, or the newest.
 *
 * @throws StatusError BadRequest for a token or a resourceVersion that is none
 */
export function snapshotOf(storage: Storage, prefix: string, request: ListRequest): number {
  if (request.continue !== "") {
    const { revision } = decodeContinue(request.continue, prefix)
    return revision < 0 ? storage.revision : revision
  }
  const asked = parseResourceVersion(request.resourceVersion, "list")
  const { resourceVersionMatch: match, limit } = request
  return asked > 0 && (match === "Exact" || (match === "" && limit > 0)) ? asked : storage.revision
}

/**
 * Lists at once from memory. The caller has waited for a revision that is still to come.
 *
 * @throws StatusError Expired for a snapshot that is gone
 */
export function listStored(storage: Storage, prefix: string, selection: Selection, request: ListRequest): ListResult {
  if (request.continue !== "") return continueList(storage, prefix, selection, request)
  const { resourceVersion, resourceVersionMatch: match } = request
  // From a cache the real server ignores the limit; clients that ask for "0" expect everything.
  const limit = resourceVersion === "0" && match !== "Exact" ? 0 : request.limit
  const revision = snapshotOf(storage, prefix, request)
  try {
    return page(storage, prefix, selection, { revision, startKey: prefix, limit })
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error
    throw newStatusError("Expired", "The resourceVersion for the provided list is too old.")
  }
}

function continueList(storage: Storage, prefix: string, selection: Selection, request: ListRequest): ListResult {
  if (request.resourceVersion !== "" && request.resourceVersion !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue")
  }
  const { startKey } = decodeContinue(request.continue, prefix)
  const revision = snapshotOf(storage, prefix, request)
  try {
    return page(storage, prefix, selection, { revision, startKey, limit: request.limit })
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error
    const expired = newStatusError("Expired", CONTINUE_EXPIRED)
    expired.status.metadata.continue = encodeContinue(-1, startKey, prefix)
    throw expired
  }
}

const CONTINUE_EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."

type Page = { readonly revision: number; readonly startKey: string; readonly limit: number }

function page(storage: Storage, prefix: string, selection: Selection, { revision, startKey, limit }: Page): ListResult {
  const isNow = revision === storage.revision
  const read = (from: string, count: number) => {
    const options = count === Infinity ? { startKey: from } : { startKey: from, limit: count }
    return isNow ? storage.list(prefix, options) : storage.listAt(prefix, revision, options)
  }
  if (selection.key !== undefined) {
    const found = read(selection.key, 1)[0]
    const items = found?.key === selection.key && selection.matches(found) ? [found] : []
    return { items, revision }
  }
  if (limit <= 0) {
    const all = read(startKey, Infinity)
    return { items: selection.everything ? all : all.filter(selection.matches), revision }
  }
  const items: StoredValue[] = []
  for (let from = startKey; ;) {
    // One more than wanted tells whether anything is left.
    const chunk = read(from, selection.everything ? limit + 1 - items.length : SCAN_CHUNK)
    for (const value of chunk) {
      if (!selection.matches(value)) continue
      if (items.length === limit) return morePages(storage, prefix, items, revision, selection)
      items.push(value)
    }
    if (chunk.length === 0 || (selection.everything && items.length < limit)) return { items, revision }
    from = chunk.at(-1)!.key + "\0"
  }
}

function morePages(
  storage: Storage,
  prefix: string,
  items: readonly StoredValue[],
  revision: number,
  selection: Selection,
): ListResult {
  const next = items.at(-1)!.key + "\0"
  const token = encodeContinue(revision, next, prefix)
  if (!selection.everything) return { items, revision, continue: token }
  const remaining =
    revision === storage.revision
      ? storage.count(prefix, next)
      : storage.listAt(prefix, revision, { startKey: next }).length
  return { items, revision, continue: token, remainingItemCount: remaining }
}

/** The token names the key after the last one, relative to the prefix: upstream's form, `{"v":"meta.k8s.io/v1","rv":5,"start":"ns/name\0"}`. */
export function encodeContinue(revision: number, startKey: string, prefix: string): string {
  const token = JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: startKey.slice(prefix.length) })
  return Buffer.from(token).toString("base64url")
}

/** @throws StatusError BadRequest for what is no token of ours */
export function decodeContinue(token: string, prefix: string): { revision: number; startKey: string } {
  const bytes = Buffer.from(token, "base64url")
  let content: { v?: unknown; rv?: unknown; start?: unknown }
  try {
    content = JSON.parse(bytes.toString()) as typeof content
  } catch {
    throw invalidToken(goJsonError(bytes) ?? "")
  }
  if (content?.v !== "meta.k8s.io/v1") {
    throw invalidToken(`server does not recognize this encoded version ${String(content?.v ?? "")}`)
  }
  if (typeof content.rv !== "number" || content.rv === 0) {
    throw invalidToken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
  }
  if (typeof content.start !== "string" || content.start === "") {
    throw invalidToken("encoded start key empty (version meta.k8s.io/v1)")
  }
  return { revision: content.rv, startKey: prefix + content.start }
}

const invalidToken = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)

/**
 * @param of  a list refuses a bad one as a bad request; get and watch fail on it
 * @returns 0 for "" and "0"
 * @throws StatusError BadRequest, or 500 without a reason as upstream does
 */
export function parseResourceVersion(text: string, of: "list" | "get" | "watch"): number {
  if (text === "") return 0
  if (/^[0-9]{1,15}$/.test(text)) return Number(text)
  const why = /^[0-9]+$/.test(text) ? "value out of range" : "invalid syntax"
  const quoted = JSON.stringify(text)
  const message = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`
  throw of === "list" ? badRequest(`invalid resource version: ${message}`) : newStatusError("", message)
}

/** 504: the revision has not come within the wait. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return newStatusError("Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  })
}
