import { canonicalJson, isJsonObject } from "./json.ts"

/**
 * How Go prints JSON values, for error messages that upstream builds with `%v`: `map[a:1 b:[x y]]`.
 */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return "<nil>"
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`
  if (isJsonObject(value)) {
    const keys = Object.keys(value).sort()
    return `map[${keys.map((key) => `${key}:${goText(value[key])}`).join(" ")}]`
  }
  return typeof value === "number" ? goNumber(value) : String(value)
}

/** How Go prints a number: exponents from 1e21 on and below 1e-4, with at least two digits. */
export function goNumber(value: number): string {
  const text = value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, "e$10$2")
}

/** The Go type that a JSON value decodes into. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return "<nil>"
  if (Array.isArray(value)) return "[]interface {}"
  switch (typeof value) {
    case "object":
      return "map[string]interface {}"
    case "boolean":
      return "bool"
    case "number":
      return Number.isInteger(value) ? "int64" : "float64"
    default:
      return "string"
  }
}

/** The package of a group's internal types: `core`, `apps`, `rbac`. */
export const goPackageOf = (group: string): string => (group === "" ? "core" : group.split(".")[0]!)

/** What Go's JSON decoder calls a value: the `X` of "cannot unmarshal X into". */
export function goJsonKind(value: unknown): string {
  if (value === null || value === undefined) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "boolean") return "bool"
  return typeof value
}

/** A string as Go's `%q` prints it. Differs from JSON in control characters and in what cannot be seen. */
export function goQuote(text: string): string {
  return JSON.stringify(text).replace(
    /\\u00(0[7b]|[01][0-9a-f])|[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\ufeff]/g,
    (match) => {
      if (match === "\\u0007") return "\\a"
      if (match === "\\u000b") return "\\v"
      const code = match.length > 1 ? Number.parseInt(match.slice(2), 16) : match.charCodeAt(0)
      return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
    },
  )
}

/** A value as Go's JSON encoder writes it: members sorted, `<`, `>` and `&` escaped. */
export const goJson = (value: unknown): string => escapeHtml(canonicalJson(value))

/** JSON text with what HTML would read escaped, as Go's encoder does. */
export const escapeHtml = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
