import { badRequest, newStatusError, type FieldError } from "#apimachinery/status-error.ts"
import type { FieldValidation } from "#apiserver/registry/write-request.ts"

const FIELD_MANAGER_BYTES_MAX = 128

export type WriteOptions = {
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  /** Server-side apply only. */
  readonly force: boolean
}

type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions"

/**
 * The options of a write, from the query and for DELETE from the body as well.
 *
 * @throws StatusError Invalid, worded as the server does
 */
export function parseWriteOptions(
  kind: OptionsKind,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  options: { readonly isApply?: boolean; readonly dryRun?: readonly unknown[] } = {},
): WriteOptions {
  const errors: FieldError[] = []
  const dryRun = [...query.getAll("dryRun"), ...(options.dryRun ?? [])]
  const unknownDryRun = dryRun.filter((value) => value !== "All")
  if (unknownDryRun.length > 0) {
    const body = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`
    errors.push({ field: "dryRun", reason: "FieldValueNotSupported", body })
  }
  const manager = query.get("fieldManager") ?? ""
  if (Buffer.byteLength(manager) > FIELD_MANAGER_BYTES_MAX) {
    const body = `Too long: may not be more than ${FIELD_MANAGER_BYTES_MAX} bytes`
    errors.push({ field: "fieldManager", reason: "FieldValueTooLong", body })
  }
  const unprintable = [...manager].findIndex((character) => /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character))
  if (unprintable >= 0) {
    const rune = [...manager][unprintable]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")
    const body = `Invalid value: ${JSON.stringify(manager)}: invalid character U+${rune} (at position ${unprintable})`
    errors.push({ field: "fieldManager", reason: "FieldValueInvalid", body })
  }
  const validation = query.get("fieldValidation") ?? ""
  if (!["", "Ignore", "Warn", "Strict"].includes(validation)) {
    const body = `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`
    errors.push({ field: "fieldValidation", reason: "FieldValueNotSupported", body })
  }
  const force = query.get("force")
  if (kind === "PatchOptions" && options.isApply === true && manager === "") {
    errors.push({
      field: "fieldManager",
      reason: "FieldValueRequired",
      body: "Required value: is required for apply patch",
    })
  }
  if (kind === "PatchOptions" && options.isApply !== true && force !== null) {
    errors.push({
      field: "force",
      reason: "FieldValueForbidden",
      body: "Forbidden: may not be specified for non-apply patch",
    })
  }
  if (errors.length > 0) throw invalidOptions(kind, errors)
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager === "" ? managerOf(headers["user-agent"]) : manager,
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
    force: force === "true" || force === "1",
  }
}

/** The program's name in its User-Agent: `kubectl/v1.32 (linux/amd64)` is `kubectl`. */
function managerOf(userAgent = ""): string {
  const name = userAgent.split("/")[0]!
  let kept = ""
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > FIELD_MANAGER_BYTES_MAX) break
    kept += character
  }
  return kept === "" ? "unknown" : kept
}

export function invalidOptions(kind: string, errors: readonly FieldError[]) {
  const texts = errors.map((e) => `${e.field}: ${e.body}`)
  const text = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`
  return newStatusError("Invalid", `${kind}.meta.k8s.io "" is invalid: ${text}`, {
    group: "meta.k8s.io",
    kind,
    causes: errors.map((e) => ({ reason: e.reason, message: e.body, field: e.field })),
  })
}

/** A whole number of the query. @throws StatusError BadRequest */
export function parseInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === "") return undefined
  if (!/^-?[0-9]{1,15}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  return Number(text)
}

/** Go's idea of a boolean parameter: present and not `false` or `0`. */
export function parseFlag(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  return text === null ? undefined : text !== "false" && text !== "0"
}
