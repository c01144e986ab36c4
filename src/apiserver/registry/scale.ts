// The scale subresource: autoscaling/v1 Scale as a view of a few fields of an object.
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { clone, isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { labelSelectorOf, type LabelSelectorObject } from "#apimachinery/selectors.ts"
import { badRequest, invalid } from "#apimachinery/status-error.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { applyConfiguration } from "./field-tracking.ts"
import { changeObject } from "./update.ts"
import type { RegistryDeps, WriteRequest } from "./write-request.ts"

const BUILTIN_PATHS = { spec: ".spec.replicas", status: ".status.replicas" }
const SCALE = { group: "autoscaling", kind: "Scale" }

/** The Scale of an object. */
export function scaleOf(info: ResourceInfo, object: UnknownObject): UnknownObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const paths = info.scale ?? BUILTIN_PATHS
  const specReplicas = readPath(object, paths.spec)
  const selector = selectorText(info, object)
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: typeof specReplicas === "number" && specReplicas !== 0 ? { replicas: specReplicas } : {},
    status: { replicas: Number(readPath(object, paths.status) ?? 0), ...(selector === "" ? {} : { selector }) },
  }
}

/**
 * Writes the replicas that a Scale wants.
 *
 * @param make  the new Scale from the present one; called again when somebody else wrote in between
 * @returns the new Scale
 */
export async function updateScale(
  deps: RegistryDeps,
  request: WriteRequest,
  make: (before: UnknownObject) => UnknownObject,
): Promise<UnknownObject> {
  const { info, name } = request
  const written = await changeObject(deps, request, {
    make(before) {
      const scale = make(scaleOf(info, before))
      const after = clone(before)
      if (!scale.metadata?.name) {
        throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
      }
      if (scale.metadata.name !== name) {
        throw badRequest(`the name of the object (${scale.metadata.name}) does not match the name on the URL (${name})`)
      }
      after.metadata.resourceVersion = scale.metadata?.resourceVersion ?? before.metadata.resourceVersion ?? ""
      if (scale.metadata?.uid) after.metadata.uid = scale.metadata.uid
      writeReplicas(info, after, scale)
      return after
    },
  })
  return scaleOf(info, written.object)
}

/** Server-side apply of a Scale: its one field is a field of the object, owned and fought over there. */
export async function applyScale(
  deps: RegistryDeps,
  request: WriteRequest,
  scale: UnknownObject,
  force: boolean,
): Promise<UnknownObject> {
  const { info, name } = request
  const config: UnknownObject = { apiVersion: apiVersionOf(info), kind: info.kind, metadata: { name } }
  writePath(config, (info.scale ?? BUILTIN_PATHS).spec, wantedReplicas(scale, name))
  const written = await changeObject(deps, request, {
    tracked: true,
    make(before) {
      const after = applyConfiguration(request, { live: before, config, force, nowMs: deps.clock.nowMs() })
      after.metadata.resourceVersion = scale.metadata?.resourceVersion ?? before.metadata.resourceVersion ?? ""
      const entry = after.metadata.managedFields?.find(
        ({ manager, operation, subresource }) =>
          manager === request.fieldManager && operation === "Apply" && subresource === "scale",
      )
      // Upstream loses the time on the way from the Scale to the object.
      delete entry?.time
      return after
    },
  })
  return scaleOf(info, written.object)
}

/** Sets the replicas that a Scale wants. Changes `object`. @throws StatusError */
export function writeReplicas(info: ResourceInfo, object: UnknownObject, scale: UnknownObject): void {
  writePath(object, (info.scale ?? BUILTIN_PATHS).spec, wantedReplicas(scale, object.metadata.name ?? ""))
}

function wantedReplicas(scale: UnknownObject, name: string): number {
  const spec = scale["spec"]
  const replicas = isJsonObject(spec) ? (spec["replicas"] ?? 0) : 0
  if (typeof replicas !== "number" || !Number.isInteger(replicas)) {
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`,
    )
  }
  if (replicas < 0) {
    const body = `Invalid value: ${replicas}: must be greater than or equal to 0`
    throw invalid(SCALE, name, [{ field: "spec.replicas", reason: "FieldValueInvalid", body }])
  }
  return replicas
}

function selectorText(info: ResourceInfo, object: UnknownObject): string {
  if (info.scale !== undefined) {
    const text = info.scale.selector === undefined ? undefined : readPath(object, info.scale.selector)
    return typeof text === "string" ? text : ""
  }
  const selector = readPath(object, ".spec.selector")
  if (!isJsonObject(selector)) return ""
  // A ReplicationController's selector is a plain map.
  const isMap = Object.values(selector).every((value) => typeof value === "string")
  return labelSelectorOf((isMap ? { matchLabels: selector } : selector) as LabelSelectorObject).toString()
}

/** @param path  `.spec.replicas`: names between dots, as scale paths of CRDs must be */
function readPath(object: UnknownObject, path: string): unknown {
  let value: unknown = object
  for (const name of path.split(".").slice(1)) value = isJsonObject(value) ? value[name] : undefined
  return value
}

function writePath(object: UnknownObject, path: string, value: unknown): void {
  const names = path.split(".").slice(1)
  let target: { [field: string]: unknown } = object
  for (const name of names.slice(0, -1)) {
    if (!isJsonObject(target[name])) target[name] = {}
    target = target[name] as { [field: string]: unknown }
  }
  target[names.at(-1)!] = value
}
