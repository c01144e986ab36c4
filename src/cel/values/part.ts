import { valueText } from "./numbers.ts"
import { typeOf } from "./type-of.ts"
import { CelError, isError, ListValue, MapValue, Uint, type Value } from "./value.ts"

/** A field, entry or element; undefined when there is none. */
export function partOf(value: Value, key: Value): Value | undefined {
  if (value instanceof MapValue) return value.find(key)
  if (!(value instanceof ListValue)) return undefined
  const index = indexOf(key)
  if (isError(index)) return index
  return index >= 0 && index < value.size ? value.at(index) : undefined
}

function indexOf(key: Value): number | CelError {
  if (typeof key === "bigint") return Number(key)
  if (key instanceof Uint) return Number(key.value)
  if (typeof key !== "number") return new CelError(`unsupported index type '${typeOf(key).name}' in list`)
  return Number.isInteger(key) ? key : new CelError(`unsupported index value ${valueText(key)} in list`)
}
