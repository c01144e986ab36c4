import { parseJson } from "#lib/json-text.ts"
import { parseLenientYaml, type DuplicateKey } from "#lib/yaml.ts"
import { goJsonError } from "#apimachinery/go-json-error.ts"
import { goJsonKind, goText } from "#apimachinery/go-text.ts"
import { apiVersionOf, parseApiVersion } from "#apimachinery/gvk.ts"
import { canonicalJson, clone, isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { findHeadError, findMetadataError } from "#apimachinery/object-head.ts"
import { jsonPatch } from "#apimachinery/patch/json-patch.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import { strategicMergePatch } from "#apimachinery/patch/strategic-merge-patch.ts"
import { findDuplicateFields } from "#apimachinery/schema/duplicate-fields.ts"
import { badRequest, conflict, newStatusError } from "#apimachinery/status-error.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { orderedMetadata } from "./codec.ts"
import { applyConfiguration } from "./field-tracking.ts"
import { decodePatched, typedApplied } from "./object-schema.ts"
import { applyScale, updateScale } from "./scale.ts"
import { changeObject } from "./update.ts"
import type { RegistryDeps, WriteRequest, Written } from "./write-request.ts"

export type PatchType = "json" | "merge" | "strategic" | "apply"

export type PatchBody = {
  readonly type: PatchType
  readonly bytes: Uint8Array
  /** Server-side apply: take fields from other managers. */
  readonly force: boolean
}

const TYPES: ReadonlyMap<string, PatchType> = new Map([
  ["application/json-patch+json", "json"],
  ["application/merge-patch+json", "merge"],
  ["application/strategic-merge-patch+json", "strategic"],
  ["application/apply-patch+yaml", "apply"],
])

/** @throws StatusError UnsupportedMediaType */
export function patchTypeOf(info: ResourceInfo, contentType = ""): PatchType {
  const type = TYPES.get(contentType.split(";")[0]!.trim().toLowerCase())
  if (type !== undefined && (type !== "strategic" || !info.custom)) return type
  // The router in front of the built-in kinds refuses it in words of its own.
  if (!info.custom) throw newStatusError("UnsupportedMediaType", "415: Unsupported Media Type", {})
  const accepted = [...TYPES.keys()].filter((name) => TYPES.get(name) !== "strategic")
  throw newStatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  )
}

/** @throws StatusError */
export function patchObject(
  deps: RegistryDeps,
  request: WriteRequest,
  patch: PatchBody,
): Promise<Written | { scale: UnknownObject }> {
  const text = Buffer.from(patch.bytes.buffer, patch.bytes.byteOffset, patch.bytes.byteLength).toString()
  if (request.subresource === "scale") {
    return patchScale(deps, request, patch, text).then((scale) => ({ scale }))
  }
  if (patch.type === "apply") return applyObject(deps, request, parseConfiguration(text), patch.force)
  const content = parsePatch(text, patch.type)
  const duplicates =
    patch.type === "json" || request.fieldValidation === "Ignore"
      ? []
      : findDuplicateFields(text).map((path) => `duplicate field "${path}"`)
  return changeObject(deps, request, {
    make(before) {
      const patched = carryOut(request.info, patch.type, before, content)
      return decodePatched(request, before, patched, {
        quoted: quotedOf(patch.type, patched, content),
        duplicates,
        type: patch.type,
      })
    },
  })
}

function carryOut(info: ResourceInfo, type: PatchType, before: UnknownObject, patch: unknown): UnknownObject {
  if (type === "json") return jsonPatch(before, patch as unknown[]) as UnknownObject
  const schema = type === "strategic" ? info.schema() : undefined
  if (schema !== undefined) return strategicMergePatch(before, patch, schema)
  return mergePatch(before, patch) as UnknownObject
}

function parsePatch(text: string, type: PatchType): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    const why = goJsonError(text) ?? (error as Error).message
    throw badRequest(type === "strategic" ? why : `error decoding patch: ${why}`)
  }
}

/** What a refusal of the outcome quotes: the patched object as JSON, of a strategic patch the patch as Go prints it. */
function quotedOf(type: PatchType, patched: UnknownObject, patch: unknown): () => string {
  return () => {
    if (type === "strategic") return goText(patch)
    const { metadata, ...rest } = patched
    const sorted = Object.keys(metadata === undefined ? rest : patched).sort()
    return JSON.stringify(
      Object.fromEntries(sorted.map((key) => [key, key === "metadata" ? orderedOrNot(metadata) : sortKeys(rest[key])])),
    )
  }
}

const orderedOrNot = (metadata: unknown) =>
  isJsonObject(metadata) ? orderedMetadata(metadata as UnknownObject["metadata"]) : metadata

const sortKeys = (value: unknown): unknown => (isJsonObject(value) ? JSON.parse(canonicalJson(value)) : value)

async function patchScale(
  deps: RegistryDeps,
  request: WriteRequest,
  { type, force }: PatchBody,
  text: string,
): Promise<UnknownObject> {
  if (type === "apply") return applyScale(deps, request, parseConfiguration(text).config, force)
  const patch = parsePatch(text, type)
  return updateScale(deps, request, (before) =>
    type === "json"
      ? (jsonPatch(before, patch as unknown[]) as UnknownObject)
      : (mergePatch(before, patch) as UnknownObject),
  )
}

type Configuration = { readonly config: UnknownObject; readonly duplicate?: DuplicateKey | undefined }

function parseConfiguration(text: string): Configuration {
  let read: ReturnType<typeof parseLenientYaml>
  try {
    read = readConfiguration(text)
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`)
  }
  const { value = {}, duplicate } = read
  const config = value ?? {}
  if (!isJsonObject(config)) {
    const why = `json: cannot unmarshal ${goJsonKind(config)} into Go value of type map[string]interface {}`
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`)
  }
  checkConfigurationHead(config as UnknownObject)
  return { config: config as UnknownObject, duplicate }
}

/** JSON is what clients send; it is also YAML, but ten times slower to read as such. */
function readConfiguration(text: string): ReturnType<typeof parseLenientYaml> {
  if (!text.trimStart().startsWith("{")) return parseLenientYaml(text)
  const value: unknown = parseJson(text)
  return findDuplicateFields(text).length === 0 ? { value } : parseLenientYaml(text)
}

/** Told after the configuration has been found fit for its kind. Source: applyPatcher.applyPatchToCurrentObject. */
function tellDuplicate({ fieldValidation, warn }: WriteRequest, { key, line }: DuplicateKey): void {
  const why = `error converting YAML to JSON: yaml: unmarshal errors:\n  line ${line}: key ${JSON.stringify(key)} already set in map`
  if (fieldValidation === "Strict") throw badRequest(`error strict decoding YAML: ${why}`)
  if (fieldValidation === "Warn") warn(why)
}

/** What is looked at before the types are. @throws StatusError BadRequest */
function checkConfigurationHead(config: UnknownObject): void {
  const headError = findHeadError(config)
  if (headError !== undefined) throw badRequest(`error decoding YAML: ${headError}`)
  config.metadata ??= {}
  const metadataError = findMetadataError(config.kind, config.metadata)
  if (metadataError !== undefined) throw badRequest(`error decoding YAML: ${metadataError}`)
  for (const field of ["name", "namespace", "uid", "resourceVersion"] as const) {
    const value: unknown = config.metadata[field] ?? ""
    if (typeof value !== "string") throw badRequest(`error decoding YAML: metadata.${field} is no text`)
  }
}

/** Server-side apply. */
function applyObject(
  deps: RegistryDeps,
  request: WriteRequest,
  { config, duplicate }: Configuration,
  force: boolean,
): Promise<Written> {
  const { info, name, namespace } = request
  const apiVersion = apiVersionOf(info)
  if (config.apiVersion !== apiVersion || config.kind !== info.kind) {
    const { group, version } = parseApiVersion(String(config.apiVersion ?? ""))
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${config.kind ?? ""}`)
  }
  if (config.metadata.managedFields !== undefined && config.metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil")
  }
  if (info.namespaced && config.metadata.namespace && config.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
  const apply = (live: UnknownObject | undefined) => {
    const applied = typedApplied(
      info,
      applyConfiguration(request, { live, config: clone(config), force, nowMs: deps.clock.nowMs() }),
    )
    // Only what can be applied at all is an object whose name can be wrong.
    if (config.metadata.name && config.metadata.name !== name) {
      throw badRequest(`the name of the object (${config.metadata.name}) does not match the name on the URL (${name})`)
    }
    if (duplicate !== undefined) tellDuplicate(request, duplicate)
    return applied
  }
  return changeObject(deps, request, {
    tracked: true,
    make(before) {
      const after = apply(before)
      after.metadata.resourceVersion = config.metadata.resourceVersion ?? before.metadata.resourceVersion ?? ""
      if (config.metadata.uid) after.metadata.uid = config.metadata.uid
      return after
    },
    // A status can only be applied to what is there.
    ...(request.subresource === ""
      ? {
          makeNew() {
            if (config.metadata.uid) {
              throw conflict(
                info,
                name,
                `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`,
              )
            }
            const object = apply(undefined)
            object.metadata.name = name
            // It may name the version that it was made from; there is none to compare with.
            delete object.metadata.resourceVersion
            return object
          },
        }
      : {}),
  })
}
