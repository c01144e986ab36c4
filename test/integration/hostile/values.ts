// Values as somebody would send them who means no good, some of them right enough to come past the first checks.
import fc, { type GeneratorValue } from "fast-check"
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { resolveSchema } from "#apimachinery/schema/resolve.ts"

const LONG = "x".repeat(70_000)

/** Texts that parsers have stumbled over. */
export const NASTY_TEXTS: readonly string[] = [
  "", " ", ".", "..", "../..", "/", "//", "a/b", "a//b", "-", "a-", "-a", "A", "a.b", "a..b", "a b", "a\tb", "a\nb", "a\r\nX: y",
  "\0", "a\0b", "\u202e", "é", "e\u0301", "💥", "\ud800", "\udfff", "\ufeff", "\u2028", "%", "%00", "%2e%2e", "%ff", "%zz", "$(x)", "${x}", "{{x}}",
  "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "length", "null", "true", "false", "undefined", "NaN", "Infinity",
  "0", "-0", "-1", "1", "00", "0x10", "1e3", "1e400", "1e-400", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "0.1", "1.5Gi", "100m", "1E1000", "1e1000000000",
  "10%", "-10%", "101%", "http", "65536", "127.0.0.1", "::1", "fe80::1%eth0", "256.0.0.1", "10.0.0.0/8", "10.0.0.0/33", "::/129", "0.0.0.0", "None",
  "a=b", "a!=b", "a in (b)", "a notin ()", "!a", "a,,b", "a=b=c", "((((", "a>1", "a<x", "metadata.name=x", "metadata.name", "spec.nodeName=", "\\", "\\=",
  "2026-01-01T00:00:00Z", "2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", "1s", "-1s", "9999999999h", "1ns", "* * * * *", "@hourly", "*/0 * * * *", "60 24 32 13 8", "1-1000000000 * * * *", "TZ=Nowhere/City * * * * *",
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a+)+$", "[", "(?=a)", "\\p{", "a{1000}{1000}", "((a*)*)*",
  "default", "kube-system", "n", "x", "example.com", "v1", "apps/v1", "a.example.com/b", "system:masters", "system:anonymous", "*",
  "kubernetes.io/tls", "LoadBalancer", "ClusterIP", "ExternalName", "Always", "Never", "TCP", "Delete", "Foreground", "Orphan", "Background",
  LONG.slice(0, 63), LONG.slice(0, 64), LONG.slice(0, 253), LONG.slice(0, 254), LONG,
] // prettier-ignore

const NASTY_NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  2,
  1.5,
  -1.5,
  3,
  80,
  65535,
  65536,
  443,
  30000,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 53 + 2,
  1e21,
  1e308,
  -1e308,
  5e-324,
  1e-7,
]

const NASTY_KEYS: readonly string[] = ['', 'a', 'b', 'name', 'metadata', 'spec', 'status', 'kind', 'apiVersion', 'labels', 'annotations', 'finalizers', 'ownerReferences', 'managedFields', 'items', 'data', 'stringData', 'key', 'value', '__proto__', 'constructor', 'prototype', 'toString', '$patch', '$retainKeys', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers', 'f:a', 'k:{}', '.', 'a/b', 'a~1b', 'a.b/c'] // prettier-ignore

type G = GeneratorValue

// Without the bias towards the ends of a range, which would make the rare frequent.
const chance = () => fc.noBias(fc.integer({ min: 0, max: 999 }))
const text = () => fc.noBias(fc.constantFrom(...NASTY_TEXTS))
const number = () => fc.noBias(fc.constantFrom(...NASTY_NUMBERS))
const key = () => fc.noBias(fc.constantFrom(...NASTY_KEYS))
const count = (max: number) => fc.noBias(fc.integer({ min: 0, max }))
const anyString = () => fc.string({ unit: "binary", maxLength: 30 })
const index = (length: number) => fc.noBias(fc.integer({ min: 0, max: length - 1 }))

/** True so many times in a thousand. */
export const oneIn = (g: G, perMille: number): boolean => g(chance) < perMille
export const pick = <T>(g: G, from: readonly T[]): T => from[g(index, from.length)]!
export const nastyText = (g: G): string => (oneIn(g, 200) ? g(anyString) : g(text))
export const upTo = (g: G, max: number): number => g(count, max)

/** Any JSON value; objects are made so that `__proto__` is a member like any other. */
export function nastyValue(g: G, depth = 0): unknown {
  const form = g(chance)
  if (form < 250) return nastyText(g)
  if (form < 400) return g(number)
  if (form < 500) return pick(g, [true, false, null])
  if (depth > 4) return null
  if (form < 700) return Array.from({ length: g(count, 3) }, () => nastyValue(g, depth + 1))
  if (form < 720) return deep(g(count, 3000), oneIn(g, 500))
  return members(Array.from({ length: g(count, 4) }, () => [g(key), nastyValue(g, depth + 1)]))
}

function members(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return object
}

function deep(levels: number, isList: boolean): unknown {
  let value: unknown = "x"
  for (let i = 0; i < levels; i++) value = isList ? [value] : { a: value }
  return value
}

/** A value that its schema mostly allows: `wrong` in a thousand parts of it do not. */
export function schemaValue(
  g: G,
  schema: JsonSchema,
  resolve: KindSchema["resolve"],
  wrong: number,
  depth = 0,
): unknown {
  if (oneIn(g, wrong)) return nastyValue(g, 2)
  const found = resolveSchema(schema, resolve)
  if (found.enum !== undefined && !oneIn(g, 50)) return pick(g, found.enum)
  const next = (inner: JsonSchema) => schemaValue(g, inner, resolve, wrong, depth + 1)
  if (found["x-kubernetes-int-or-string"] || found.format === "int-or-string")
    return oneIn(g, 500) ? g(number) : nastyText(g)
  switch (found.type) {
    case "string":
      return oneIn(g, wrong * 10) ? nastyText(g) : "x"
    case "integer":
    case "number":
      return oneIn(g, wrong * 10) ? g(number) : 1
    case "boolean":
      return oneIn(g, 500)
    case "array":
      return depth > 9 || found.items === undefined ? [] : Array.from({ length: g(count, 3) }, () => next(found.items!))
    default:
      return objectOf(g, found, next, depth)
  }
}

function objectOf(g: G, schema: JsonSchema, next: (inner: JsonSchema) => unknown, depth: number): unknown {
  const { properties, additionalProperties, required = [] } = schema
  if (properties === undefined) {
    if (typeof additionalProperties !== "object" || depth > 9) return nastyValue(g, 3)
    return members(Array.from({ length: g(count, 3) }, () => [nastyText(g), next(additionalProperties)]))
  }
  const share = depth === 0 ? 900 : depth > 8 ? 50 : 150
  const entries = Object.entries(properties).filter(([name]) => required.includes(name) || oneIn(g, share))
  return members(entries.map(([name, inner]) => [name, next(inner)]))
}

/** Changes something somewhere in a value, in place. */
export function mutated(g: G, value: object, depth = 0): void {
  const keys = Object.keys(value)
  const target = value as Record<string, unknown>
  if (keys.length === 0 || oneIn(g, 50)) {
    if (Array.isArray(value)) value.push(nastyValue(g, 3))
    else target[g(key)] = nastyValue(g, 3)
    return
  }
  const at = pick(g, keys)
  const inner = target[at]
  const form = g(chance)
  if (typeof inner === "object" && inner !== null && depth < 12 && form < 850) return mutated(g, inner, depth + 1)
  if (form < 50) delete target[at]
  else if (form < 100 && Array.isArray(value)) value.push(structuredClone(inner))
  else if (form < 500 && typeof inner === "string") target[at] = nastyText(g)
  else if (form < 500 && typeof inner === "number") target[at] = g(number)
  else target[at] = nastyValue(g, 2)
}

/** Changes a few bytes, cuts or doubles a part. */
export function mangled(g: G, bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes)
  for (let i = g(count, 3); i >= 0 && out.length > 0; i--) {
    const at = g(index, out.length)
    const form = g(chance)
    if (form < 400) out[at] = g(count, 255)
    else if (form < 600) out = out.subarray(0, at)
    else if (form < 800) out = Buffer.concat([out.subarray(0, at), Buffer.from([g(count, 255)]), out.subarray(at)])
    else out = Buffer.concat([out, out.subarray(at)])
  }
  return out
}
