// The conformance tests of cel-spec, as they come in @bufbuild/cel-spec, in terms of this engine.
import * as types from "#cel/types/type.ts"
import type { Type } from "#cel/types/type.ts"
import { ArrayList, Duration, EntryMap, Timestamp, TypeValue, Uint, type Value } from "#cel/values/value.ts"
import { parseDuration, parseTimestamp } from "#cel/values/time.ts"

export type WireValue = {
  readonly nullValue?: unknown
  readonly boolValue?: boolean
  readonly int64Value?: string
  readonly uint64Value?: string
  readonly doubleValue?: number | string
  readonly stringValue?: string
  readonly bytesValue?: string
  readonly typeValue?: string
  readonly listValue?: { readonly values?: readonly WireValue[] }
  readonly mapValue?: { readonly entries?: readonly { readonly key: WireValue; readonly value: WireValue }[] }
  readonly objectValue?: { readonly "@type": string; readonly value?: string }
}

type WireType = {
  readonly primitive?: string
  readonly wellKnown?: string
  readonly dyn?: object
  readonly null?: unknown
  readonly listType?: { readonly elemType: WireType }
  readonly mapType?: { readonly keyType: WireType; readonly valueType: WireType }
  readonly type?: WireType
  readonly typeParam?: string
  readonly abstractType?: { readonly name: string; readonly parameterTypes?: readonly WireType[] }
}

export type ConformanceTest = {
  readonly name: string
  readonly expr: string
  readonly container?: string
  readonly disableCheck?: boolean
  readonly disableMacros?: boolean
  readonly checkOnly?: boolean
  readonly typeEnv?: readonly {
    readonly name: string
    readonly ident?: { readonly type: WireType }
    readonly function?: unknown
  }[]
  readonly bindings?: { readonly [name: string]: { readonly value: WireValue } }
  readonly value?: WireValue
  readonly evalError?: object
  readonly typedResult?: { readonly result?: WireValue; readonly deducedType?: WireType }
}

export type Suite = {
  readonly name: string
  readonly suites?: readonly Suite[]
  readonly tests?: readonly { readonly original: ConformanceTest }[]
}

/** Every test with the names of the suites that it is in: `basic/variables/self_eval`. */
export function* eachTest(suite: Suite, path = ""): Iterable<{ path: string; test: ConformanceTest }> {
  for (const { original } of suite.tests ?? []) yield { path: `${path}${original.name}`, test: original }
  for (const inner of suite.suites ?? []) yield* eachTest(inner, `${path}${inner.name}/`)
}

const PRIMITIVES: { readonly [name: string]: Type } = {
  BOOL: types.BOOL,
  BYTES: types.BYTES,
  DOUBLE: types.DOUBLE,
  INT64: types.INT,
  STRING: types.STRING,
  UINT64: types.UINT,
  DURATION: types.DURATION,
  TIMESTAMP: types.TIMESTAMP,
  ANY: types.ANY,
}

/** @returns undefined for a type of messages */
export function typeFromWire(wire: WireType): Type | undefined {
  const simple = PRIMITIVES[wire.primitive ?? wire.wellKnown ?? ""]
  if (simple !== undefined) return simple
  if (wire.dyn !== undefined) return types.DYN
  if ("null" in wire) return types.NULL
  if (wire.typeParam !== undefined) return types.typeParam(wire.typeParam)
  const all = (parts: readonly WireType[], make: (...made: Type[]) => Type): Type | undefined => {
    const made = parts.map(typeFromWire)
    return made.includes(undefined) ? undefined : make(...(made as Type[]))
  }
  if (wire.listType !== undefined) return all([wire.listType.elemType], types.listType)
  if (wire.mapType !== undefined) return all([wire.mapType.keyType, wire.mapType.valueType], types.mapType)
  if (wire.type !== undefined) return all([wire.type], types.typeOfType)
  const { abstractType } = wire
  if (abstractType === undefined) return undefined
  return all(abstractType.parameterTypes ?? [], (...params) => types.opaqueType(abstractType.name, ...params))
}

const TYPE_NAMES = [
  types.BOOL,
  types.BYTES,
  types.DOUBLE,
  types.DURATION,
  types.INT,
  types.LIST,
  types.MAP,
  types.NULL,
  types.STRING,
  types.TIMESTAMP,
  types.TYPE,
  types.UINT,
  types.OPTIONAL,
]

/** @returns undefined for a message */
export function valueFromWire(wire: WireValue): Value | undefined {
  if ("nullValue" in wire) return null
  if (wire.boolValue !== undefined) return wire.boolValue
  if (wire.int64Value !== undefined) return BigInt(wire.int64Value)
  if (wire.uint64Value !== undefined) return new Uint(BigInt(wire.uint64Value))
  if (wire.doubleValue !== undefined) return Number(wire.doubleValue)
  if (wire.stringValue !== undefined) return wire.stringValue
  if (wire.bytesValue !== undefined) return Buffer.from(wire.bytesValue, "base64")
  if (wire.typeValue !== undefined) {
    const type = TYPE_NAMES.find(({ name }) => name === wire.typeValue)
    return type && new TypeValue(type)
  }
  if (wire.listValue !== undefined) return allOf(wire.listValue.values ?? [], (values) => new ArrayList(values))
  if (wire.mapValue !== undefined) {
    const entries = wire.mapValue.entries ?? []
    return allOf(
      entries.flatMap(({ key, value }) => [key, value]),
      (values) => new EntryMap(entries.map((_, i) => [values[2 * i]!, values[2 * i + 1]!] as const)),
    )
  }
  return wire.objectValue === undefined ? undefined : wellKnown(wire.objectValue)
}

function allOf(wires: readonly WireValue[], make: (values: Value[]) => Value): Value | undefined {
  const values = wires.map(valueFromWire)
  return values.includes(undefined) ? undefined : make(values as Value[])
}

function wellKnown({
  "@type": type,
  value = "",
}: {
  readonly "@type": string
  readonly value?: string
}): Value | undefined {
  const read = type.endsWith("google.protobuf.Duration")
    ? parseDuration(value)
    : type.endsWith("google.protobuf.Timestamp")
      ? parseTimestamp(value)
      : undefined
  return read instanceof Duration || read instanceof Timestamp ? read : undefined
}
