import type { JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { metadataShape, OBJECT_META } from "./object-meta.ts"
import { rootShape, type Shape } from "./shape.ts"

/**
 * Removes, in place, what the schema does not know, except below `x-kubernetes-preserve-unknown-fields`. apiVersion, kind
 * and metadata of the object and of embedded objects stay; in metadata only the fields of ObjectMeta do.
 *
 * @returns the paths of what was removed, `spec.foo` or `spec.list[0].foo`, in the order of the object
 */
export function prune(object: UnknownObject, kind: KindSchema): string[] {
  return walkRoot(object, kind, true)
}

/** The paths that {@link prune} would remove; the object is not changed. */
export function findUnknownFields(object: UnknownObject, kind: KindSchema): string[] {
  return walkRoot(object, kind, false)
}

/** The paths in a value that its schema does not know. */
export function findUnknownInValue(value: unknown, kind: KindSchema): string[] {
  const walk: Walk = { remove: false, steps: [], unknown: [] }
  walkValue(value, rootShape(kind), walk)
  return walk.unknown
}

/** Where a walk is and what it found. The path is only put together for what is found. */
type Walk = { readonly remove: boolean; readonly steps: (string | number)[]; readonly unknown: string[] }

function walkRoot(object: UnknownObject, kind: KindSchema, remove: boolean): string[] {
  const walk: Walk = { remove, steps: [], unknown: [] }
  const shape = rootShape(kind)
  walkResource(object, shape, metadataShape(shape), walk)
  return walk.unknown
}

/** An object with apiVersion, kind and metadata. */
function walkResource(object: JsonObject, shape: Shape, metadata: Shape, walk: Walk): void {
  for (const key in object) {
    if (key === "apiVersion" || key === "kind") continue
    walk.steps.push(key)
    if (key === "metadata") walkValue(object[key], metadata, walk)
    else walkMember(object, key, shape, walk, shape.preserve)
    walk.steps.pop()
  }
}

/** @param keep  unknown members stay, because what is above preserves them */
function walkValue(value: unknown, shape: Shape | undefined, walk: Walk, keep = false): void {
  if (typeof value !== "object" || value === null || shape?.free) return
  const preserve = keep || shape?.preserve === true
  if (Array.isArray(value)) {
    const items = shape?.items
    if (items === undefined && preserve) return
    for (let i = 0; i < value.length; i++) {
      walk.steps.push(i)
      walkValue(value[i], items, walk, preserve)
      walk.steps.pop()
    }
    return
  }
  if (shape?.embedded) return walkResource(value as JsonObject, shape, OBJECT_META, walk)
  for (const key in value) {
    walk.steps.push(key)
    walkMember(value as JsonObject, key, shape, walk, preserve)
    walk.steps.pop()
  }
}

function walkMember(object: JsonObject, key: string, shape: Shape | undefined, walk: Walk, preserve: boolean): void {
  const property = shape?.properties.get(key)
  if (property !== undefined) walkValue(object[key], property, walk)
  else if (shape?.hasValues) walkValue(object[key], shape.values, walk)
  else if (!preserve) {
    walk.unknown.push(formatSteps(walk.steps))
    if (walk.remove) delete object[key]
  }
}

function formatSteps(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`
    return path === "" ? step : `${path}.${step}`
  }, "")
}
