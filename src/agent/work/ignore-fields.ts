// Fields of a manifest that are somebody else's to say once the object is there. Source: OCM pkg/work/spoke/apply/server_side_apply.go.
import { createHash } from "node:crypto"
import { findJsonPath, JsonPathError, parseJsonPath } from "#apimachinery/jsonpath.ts"
import { goText } from "#apimachinery/go-text.ts"
import { JqError } from "#apimachinery/jq/parse.ts"
import { jqPaths } from "#apimachinery/jq/paths.ts"
import { deepEqual, isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { UpdateStrategy } from "#api/work/parts.ts"
import { SPEC_HASH_ANNOTATION } from "#api/work/names.ts"

type Place = readonly (string | number)[]

/** Where in the manifest fields are left alone: as soon as the object is there, or until the manifest says something else. */
export type IgnoredFields = {
  readonly whilePresent: readonly Place[]
  readonly whileUnchanged: readonly Place[]
  /** Of what the manifest says apart from the former; the object carries it, so that a restart forgets nothing. */
  readonly hash: string
}

/** A field that cannot be left out, as its name cannot be read. */
export class IgnoreFieldError extends Error {
  override readonly name = "IgnoreFieldError"
}

type Ignore = NonNullable<NonNullable<UpdateStrategy["serverSideApply"]>["ignoreFields"]>[number]

/**
 * @param manifest  as it is to be applied
 * @param said  the manifest as the work has it, of which OCM makes its hash
 * @returns undefined when the strategy ignores nothing
 * @throws IgnoreFieldError
 */
export function ignoredFields(
  manifest: UnknownObject,
  strategy: UpdateStrategy,
  said: UnknownObject = manifest,
): IgnoredFields | undefined {
  const ignores = strategy.type === "ServerSideApply" ? (strategy.serverSideApply?.ignoreFields ?? []) : []
  if (ignores.length === 0) return undefined
  const of = (condition: string, root: UnknownObject) => {
    const places = ignores.filter((ignore) => ignore.condition === condition).flatMap((i) => placesOf(root, i))
    // An item that is named twice is taken out once.
    return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()]
  }
  return {
    whilePresent: of("OnSpokePresent", manifest),
    whileUnchanged: of("OnSpokeChange", manifest),
    hash: hashOf(without(said, of("OnSpokePresent", said))),
  }
}

/**
 * OCM's hash, so that an object is not applied again when its agent and ours follow each other: that would undo what
 * is ignored until the hub changes it. Source: OCM pkg/work/spoke/apply, hashOfResourceStruct.
 */
function hashOf(said: UnknownObject): string {
  const { uid: _, ...metadata } = said.metadata
  return createHash("md5")
    .update(`&{${goText(withoutCreationTimes({ ...said, metadata }))}}`)
    .digest("hex")
}

/** A creation time of null is none, at any depth. */
function withoutCreationTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCreationTimes)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    if (key !== "metadata" || !isJsonObject(inner) || inner["creationTimestamp"] !== null) {
      return [key, withoutCreationTimes(inner)]
    }
    const { creationTimestamp: _, ...metadata } = inner
    return [key, withoutCreationTimes(metadata)]
  })
  return Object.fromEntries(entries)
}

/** The manifest with the mark of what it says. */
export function withHash(manifest: UnknownObject, { hash }: IgnoredFields): UnknownObject {
  const { metadata } = manifest
  const annotations = { ...metadata.annotations, [SPEC_HASH_ANNOTATION]: hash }
  return { ...manifest, metadata: { ...metadata, annotations } }
}

/**
 * What of the manifest is ours to say about a live object. An ignored field that is as the manifest says stays said: who stops
 * saying what nobody else says takes it away.
 */
export function saidOf(manifest: UnknownObject, ignored: IgnoredFields, live: UnknownObject): UnknownObject {
  const isUnchanged = live.metadata.annotations?.[SPEC_HASH_ANNOTATION] === ignored.hash
  const places = isUnchanged ? [...ignored.whilePresent, ...ignored.whileUnchanged] : ignored.whilePresent
  return without(
    manifest,
    places.filter((place) => !deepEqual(valueAt(manifest, place), counterpartOf(manifest, live, place))),
  )
}

function placesOf(manifest: UnknownObject, { jsonPaths = [], jsonPointers = [], jqPathExpressions = [] }: Ignore) {
  return [
    ...jqPathExpressions.flatMap((expression) => placesOfJq(manifest, expression)),
    ...jsonPaths.flatMap((path) => placesOfPath(manifest, path)),
    ...jsonPointers.flatMap((pointer) => placeOfPointer(manifest, pointer) ?? []),
  ]
}

/** The last name of a path is a field of what the rest of it finds. A path that cannot be read finds nothing, as in OCM. */
function placesOfPath(manifest: UnknownObject, path: string): Place[] {
  const dot = path.lastIndexOf(".")
  const field = path.slice(dot + 1)
  try {
    const holders = new Set(findJsonPath(parseJsonPath(dot < 1 ? "" : path.slice(0, dot)), manifest))
    return [...walk(manifest)]
      .filter(([value]) => holders.has(value) && hasField(value, field))
      .map(([, place]) => [...place, field])
  } catch (error) {
    if (error instanceof JsonPathError) return []
    throw error
  }
}

const hasField = (value: unknown, field: string) => isJsonObject(value) && Object.hasOwn(value, field)

/** What is not there needs not be left out. */
function placesOfJq(manifest: UnknownObject, expression: string): readonly Place[] {
  try {
    const places = jqPaths(expression, manifest)
    if (places.some((place) => place.length === 0)) throw new JqError("it names the whole object")
    return places.filter((place) => valueAt(manifest, place) !== undefined)
  } catch (error) {
    if (!(error instanceof JqError)) throw error
    throw new IgnoreFieldError(`JQ expression error in '${expression}': ${error.message}`)
  }
}

/** RFC 6901. What is not there needs not be left out. */
function placeOfPointer(manifest: UnknownObject, pointer: string): readonly Place[] | undefined {
  if (!pointer.startsWith("/")) return undefined
  const place: (string | number)[] = []
  let value: unknown = manifest
  for (const token of pointer.slice(1).split("/")) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~")
    if (Array.isArray(value)) {
      const index = Number(name)
      if (!/^\d+$/.test(name) || index >= value.length) {
        throw new IgnoreFieldError(
          `JSON Pointer error in '${pointer}': "${name}" is no index of a list of ${value.length}`,
        )
      }
      place.push(index)
      value = value[index]
    } else {
      if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined
      place.push(name)
      value = value[name]
    }
  }
  return [place]
}

/** Every value in it, with its place. */
function* walk(value: unknown, place: Place = []): Generator<readonly [unknown, Place]> {
  yield [value, place]
  const entries: Iterable<[string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : isJsonObject(value)
      ? Object.entries(value)
      : []
  for (const [key, inner] of entries) yield* walk(inner, [...place, key])
}

const stepInto = (value: unknown, step: string | number): unknown => {
  if (Array.isArray(value)) return value[step as number] as unknown
  return isJsonObject(value) ? value[step] : undefined
}

const valueAt = (root: unknown, place: Place): unknown => place.reduce(stepInto, root)

/** What a live object has where the manifest has `place`: items of lists are matched by name, where they have one. */
function counterpartOf(manifest: unknown, live: unknown, place: Place): unknown {
  let said = manifest
  let have = live
  for (const step of place) {
    said = stepInto(said, step)
    const name = isJsonObject(said) ? said["name"] : undefined
    have =
      Array.isArray(have) && typeof name === "string"
        ? (have as unknown[]).find((item) => isJsonObject(item) && item["name"] === name)
        : stepInto(have, step)
  }
  return have
}

/** A copy without these places; whatever it does not touch is shared. */
function without(root: UnknownObject, places: readonly Place[]): UnknownObject {
  // Items of a list from the last one on: those before keep their place.
  const inOrder = places.toSorted((a, b) => compare(b, a))
  return inOrder.reduce<unknown>((value, place) => removeAt(value, place), root) as UnknownObject
}

function compare(a: Place, b: Place): number {
  for (const [i, step] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    if (step === other) continue
    return typeof step === "number" && typeof other === "number" ? step - other : String(step) < String(other) ? -1 : 1
  }
  return a.length - b.length
}

function removeAt(value: unknown, [step, ...rest]: Place): unknown {
  if (step === undefined) return value
  if (Array.isArray(value)) {
    const index = step as number
    return rest.length === 0
      ? (value as unknown[]).toSpliced(index, 1)
      : (value as unknown[]).with(index, removeAt(value[index], rest))
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, step)) return value
  if (rest.length > 0) return { ...value, [step]: removeAt(value[step], rest) }
  const { [step]: _, ...kept } = value
  return kept
}
