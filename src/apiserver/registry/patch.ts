import { parseYamlDocuments } from "#lib/yaml.ts"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { clone, isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { jsonPatch } from "#apimachinery/patch/json-patch.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import { strategicMergePatch } from "#apimachinery/patch/strategic-merge-patch.ts"
import { badRequest, conflict, newStatusError } from "#apimachinery/status-error.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { applyConfiguration } from "./field-tracking.ts"
import { decodePatched, decodeObject } from "./object-schema.ts"
import { updateScale } from "./scale.ts"
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
  const accepted = [...TYPES.keys()].filter((name) => !info.custom || TYPES.get(name) !== "strategic")
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
    return patchScale(deps, request, patch.type, text).then((scale) => ({ scale }))
  }
  if (patch.type === "apply") return applyObject(deps, request, parseConfiguration(text), patch.force)
  const content = parsePatch(text)
  return changeObject(deps, request, {
    make(before) {
      const patched = carryOut(request.info, patch.type, before, content)
      return decodePatched(request, before, patched, text)
    },
  })
}

function carryOut(info: ResourceInfo, type: PatchType, before: UnknownObject, patch: unknown): UnknownObject {
  if (type === "json") return jsonPatch(before, patch as unknown[]) as UnknownObject
  const schema = type === "strategic" ? info.schema() : undefined
  if (schema !== undefined) return strategicMergePatch(before, patch, schema)
  return mergePatch(before, patch) as UnknownObject
}

function parsePatch(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`)
  }
}

async function patchScale(
  deps: RegistryDeps,
  request: WriteRequest,
  type: PatchType,
  text: string,
): Promise<UnknownObject> {
  // Scale has no lists and only scalar fields, so applying it and merging it are the same.
  const patch = type === "apply" ? parseConfiguration(text) : parsePatch(text)
  return updateScale(deps, request, (before) =>
    type === "json"
      ? (jsonPatch(before, patch as unknown[]) as UnknownObject)
      : (mergePatch(before, patch) as UnknownObject),
  )
}

function parseConfiguration(text: string): UnknownObject {
  let value: unknown
  try {
    // JSON is what clients send; it is also YAML, but ten times slower to read as such.
    value = text.trimStart().startsWith("{") ? JSON.parse(text) : parseYamlDocuments(text)[0]
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`)
  }
  if (!isJsonObject(value)) throw badRequest("error decoding YAML: the configuration is no object")
  return value as UnknownObject
}

/** Server-side apply. */
function applyObject(
  deps: RegistryDeps,
  request: WriteRequest,
  config: UnknownObject,
  force: boolean,
): Promise<Written> {
  const { info, name, namespace } = request
  const apiVersion = apiVersionOf(info)
  if (config.apiVersion !== apiVersion || config.kind !== info.kind) {
    if (config.apiVersion !== apiVersion) {
      throw badRequest(
        `Incorrect version specified in apply patch. Specified patch version: ${config.apiVersion}, expected: ${apiVersion}`,
      )
    }
    throw badRequest(
      `${config.kind} in version ${JSON.stringify(info.version)} cannot be handled as a ${info.kind}: unknown conversion`,
    )
  }
  config.metadata = isJsonObject(config.metadata) ? config.metadata : {}
  if (config.metadata.managedFields !== undefined && config.metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil")
  }
  if (info.namespaced && config.metadata.namespace && config.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
  if (config.metadata.name && config.metadata.name !== name) {
    throw badRequest(`the name of the object (${config.metadata.name}) does not match the name on the URL (${name})`)
  }
  if (info.custom) decodeObject(request, config, undefined)
  const apply = (live: UnknownObject | undefined) =>
    applyConfiguration(request, { live, config: clone(config), force, nowMs: deps.clock.nowMs() })
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
            return object
          },
        }
      : {}),
  })
}
