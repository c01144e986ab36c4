// Shapes of documents, from which fitting and unfitting values are made.
import fc from "fast-check"

export type Shape =
  | { readonly of: "value"; readonly values: readonly unknown[] }
  | {
      readonly of: "object"
      readonly fields: Readonly<Record<string, Shape>>
      readonly required: readonly string[]
      readonly keys?: readonly string[]
    }
  | { readonly of: "map"; readonly names: readonly string[]; readonly values: Shape }
  | { readonly of: "list"; readonly items: Shape; readonly key: readonly string[]; readonly max: number }

export const values = (...of: readonly unknown[]): Shape => ({ of: "value", values: of })
export const object = (fields: Readonly<Record<string, Shape>>, ...required: string[]): Shape => ({
  of: "object",
  fields,
  required,
})
export const mapOf = (items: Shape, ...names: string[]): Shape => ({ of: "map", names, values: items })
/** @param key  fields that tell one item from another; none for items that are so themselves */
export const list = (items: Shape, key: readonly string[] = [], max = 3): Shape => ({ of: "list", items, key, max })

export type Doc = { readonly [field: string]: unknown }
export type Making = {
  /** Of a patch: nothing is required, null takes away. */
  readonly partial: boolean
  /** Directives of strategic merge patches are strewn in. */
  readonly directives: boolean
  /** Some values are of another type than what is expected, some items are there twice. */
  readonly unfit: boolean
}

/** Values of other types than what is expected. */
const UNFIT = fc.constantFrom<unknown>(null, 7, "unfit", true, [], {}, ["x"], { x: "y" }, 1.5, "")

/** Not for bytes: of a list Go reads each number as one of them, which nobody writes and the embedded server does not read. */
const unfitFor = (shape: Shape) =>
  shape.of === "value" && shape.values.includes("YQ==") ? UNFIT.filter((value) => !Array.isArray(value)) : UNFIT

/** One value of the shape; now and then one that does not fit. */
export function valueOf(shape: Shape, making: Making): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 70, arbitrary: fitting(shape, making) },
    { weight: making.partial ? 6 : making.unfit ? 1 : 0, arbitrary: fc.constant(null) },
    { weight: making.unfit ? 1 : 0, arbitrary: unfitFor(shape) },
  )
}

function fitting(shape: Shape, making: Making): fc.Arbitrary<unknown> {
  switch (shape.of) {
    case "value":
      return fc.constantFrom(...shape.values)
    case "object":
      return objectOf(shape, making)
    case "map": {
      const fields = Object.fromEntries(shape.names.map((name) => [name, valueOf(shape.values, making)]))
      return fc.record(fields, { requiredKeys: [], noNullPrototype: true })
    }
    case "list":
      return listOf(shape, making)
  }
}

function objectOf(
  { fields, required, keys = [] }: Extract<Shape, { of: "object" }>,
  making: Making,
): fc.Arbitrary<Record<string, unknown>> {
  const presentOr = (name: string, value: fc.Arbitrary<unknown>) => {
    if (keys.includes(name) && !making.unfit) return fitting(fields[name]!, making)
    if (making.partial || !required.includes(name)) return optional(value)
    return making.unfit ? optional(value, 60) : value
  }
  const made = Object.entries(fields).map(([name, shape]) => [name, presentOr(name, valueOf(shape, making))] as const)
  const more: (readonly [string, fc.Arbitrary<unknown>])[] = [
    ["unknownField", optional(fc.constantFrom<unknown>(1, "x", { y: 1 }), 1, 60)],
  ]
  if (making.directives) {
    more.push(["$patch", optional(fc.constantFrom("replace", "delete", "merge"), 1, 30)])
    more.push(["$retainKeys", optional(fc.subarray(Object.keys(fields)), 1, 40)])
    for (const [name, shape] of Object.entries(fields))
      if (shape.of === "list") more.push(...listDirectives(name, shape))
  }
  return fc
    .record(Object.fromEntries([...made, ...more]), { noNullPrototype: true })
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))
    .map(withoutChance)
}

const GONE = "$deleteFromPrimitiveList/"

/** What kube-apiserver makes of a list and of what is to go from it, in one patch, is chance: its maps have no order. */
const withoutChance = (record: Doc): Doc =>
  Object.fromEntries(
    Object.entries(record).filter(([name]) => !name.startsWith(GONE) || !(name.slice(GONE.length) in record)),
  )

/** The value in `present` of `present + absent` cases. */
const optional = <T>(value: fc.Arbitrary<T>, present = 1, absent = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: absent, arbitrary: fc.constant(undefined) }, { weight: present, arbitrary: value })

function listDirectives(name: string, shape: Extract<Shape, { of: "list" }>): [string, fc.Arbitrary<unknown>][] {
  if (shape.items.of === "value" && typeof shape.items.values[0] === "object") return []
  const plain = { partial: false, directives: false, unfit: false }
  const order = optional(fc.array(keysOnly(shape, fitting(shape.items, plain)), { maxLength: 3 }), 1, 12)
  const directives: [string, fc.Arbitrary<unknown>][] = [[`$setElementOrder/${name}`, order]]
  if (shape.items.of === "value") {
    const gone = optional(fc.uniqueArray(fitting(shape.items, plain), { maxLength: 2 }), 1, 8)
    directives.push([`${GONE}${name}`, gone])
  }
  return directives
}

const keysOnly = ({ key }: Extract<Shape, { of: "list" }>, items: fc.Arbitrary<unknown>) =>
  items.map((item) =>
    typeof item !== "object" || item === null
      ? item
      : Object.fromEntries(Object.entries(item).filter(([name]) => name === key[0])),
  )

function listOf(shape: Extract<Shape, { of: "list" }>, making: Making): fc.Arbitrary<unknown> {
  const fits = withKey(shape)
  // A null among items is none that fits.
  const items = making.unfit ? valueOf(fits, making) : fitting(fits, making)
  const identity = (item: unknown) =>
    shape.key.length === 0 || typeof item !== "object" || item === null
      ? JSON.stringify(item)
      : JSON.stringify(shape.key.map((name) => (item as Doc)[name]))
  return fc.oneof(
    { weight: 15, arbitrary: fc.uniqueArray(items, { maxLength: shape.max, selector: identity }) },
    { weight: making.unfit ? 1 : 0, arbitrary: fc.array(items, { maxLength: shape.max }) },
  )
}

/** The items' keys are there in patches, too. */
function withKey({ items, key }: Extract<Shape, { of: "list" }>): Shape {
  if (items.of !== "object") return items
  return { ...items, keys: key.slice(0, 1) }
}

/** Operations of a JSON patch at places of the shape, and at some that are none. */
export function jsonPatchOf(shape: Shape, making: Making): fc.Arbitrary<readonly Doc[]> {
  const places = placesOf(shape, "")
  const place = fc.constantFrom(...places)
  const ofSpec = fc.constantFrom(...places.filter(({ path }) => !path.startsWith("/metadata")))
  const operation = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom("add", "replace"), place)
        .chain(([op, at]) => valueOf(at.shape, making).map((value): Doc => ({ op, path: at.path, value }))),
    },
    { weight: 3, arbitrary: place.map(({ path }): Doc => ({ op: "remove", path })) },
    {
      weight: 1,
      arbitrary: place.chain((at) =>
        valueOf(at.shape, making).map((value): Doc => ({ op: "test", path: at.path, value })),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("move", "copy"), ofSpec, ofSpec)
        .map(([op, from, to]): Doc => ({ op, from: from.path, path: to.path })),
    },
    { weight: 1, arbitrary: fc.constantFrom<Doc>({ op: "remove", path: "/none/such" }, { op: "odd", path: "/spec" }) },
  )
  return fc.array(operation, { minLength: 1, maxLength: 3 })
}

type Place = { readonly path: string; readonly shape: Shape }

function placesOf(shape: Shape, path: string): Place[] {
  const inner = (name: string, to: Shape) => placesOf(to, `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)
  const here = path === "" ? [] : [{ path, shape }]
  switch (shape.of) {
    case "value":
      return here
    case "object":
      return [...here, ...Object.entries(shape.fields).flatMap(([name, field]) => inner(name, field))]
    case "map":
      return [...here, ...shape.names.flatMap((name) => inner(name, shape.values))]
    case "list":
      return [
        ...here,
        ...inner("0", shape.items),
        ...inner("1", shape.items),
        { path: `${path}/-`, shape: shape.items },
      ]
  }
}
