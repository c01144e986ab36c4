// Formats of names: `format.dns1123Label().validate(…)`. Source: apiserver pkg/cel/library/format.go.
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
  maskTrailingDash,
} from "#apimachinery/names.ts"
import { formatCheck } from "#apimachinery/schema/formats.ts"
import { listType, optionalType, STRING, structType, type Type } from "#cel/types/type.ts"
import { ArrayList, OpaqueValue, OptionalValue } from "#cel/values/value.ts"
import { declare, member, overload, type FunctionDeclaration } from "./declare.ts"
import { parseRequestUri } from "./urls.ts"

export const NAMED_FORMAT = structType("kubernetes.NamedFormat")

class NamedFormat extends OpaqueValue {
  override readonly type: Type = NAMED_FORMAT
  readonly name: string
  /** The size of the pattern that a check costs as much as. */
  readonly patternSizeMax: number
  readonly problems: (text: string) => readonly string[]

  constructor(name: string, patternSizeMax: number, problems: (text: string) => readonly string[]) {
    super()
    this.name = name
    this.patternSizeMax = patternSizeMax
    this.problems = problems
  }

  override equals(other: OpaqueValue): boolean {
    return other instanceof NamedFormat && other.name === this.name
  }
}

/** A name that something is to be appended to may end in a dash. */
const asPrefix = (check: (text: string) => readonly string[]) => (text: string) => check(maskTrailingDash(text))
const byFormat = (format: string, problem: string) => (text: string) => (formatCheck(format)!(text) ? [] : [problem])
const uriProblems = (text: string) => {
  const parts = parseRequestUri(text)
  return typeof parts === "string" ? [parts] : []
}

const FORMATS = new Map(
  (
    [
      ["dns1123Label", "DNS1123Label", 30, isDns1123Label],
      ["dns1123Subdomain", "DNS1123Subdomain", 60, isDns1123Subdomain],
      ["dns1035Label", "DNS1035Label", 30, isDns1035Label],
      ["qualifiedName", "QualifiedName", 60, isQualifiedName],
      ["dns1123LabelPrefix", "DNS1123LabelPrefix", 30, asPrefix(isDns1123Label)],
      ["dns1123SubdomainPrefix", "DNS1123SubdomainPrefix", 60, asPrefix(isDns1123Subdomain)],
      ["dns1035LabelPrefix", "DNS1035LabelPrefix", 30, asPrefix(isDns1035Label)],
      ["labelValue", "LabelValue", 40, isLabelValue],
      ["uri", "URI", 1103, uriProblems],
      ["uuid", "uuid", 74, byFormat("uuid", "does not match the UUID format")],
      ["byte", "byte", 84, byFormat("byte", "invalid base64")],
      ["date", "date", 74, byFormat("date", "invalid date")],
      ["datetime", "datetime", 74, byFormat("datetime", "invalid datetime")],
    ] as const
  ).map(([key, name, size, problems]) => [key as string, new NamedFormat(name, size, problems)]),
)

export const FORMATS_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "validate",
    member("format-validate", [NAMED_FORMAT, STRING], optionalType(listType(STRING)), (format, text) => {
      const problems = (format as NamedFormat).problems(text as string)
      return problems.length === 0 ? OptionalValue.none : new OptionalValue(new ArrayList([...problems]))
    }),
  ),
  declare(
    "format.named",
    overload("format-named", [STRING], optionalType(NAMED_FORMAT), (name) => {
      const format = FORMATS.get(name as string)
      return format === undefined ? OptionalValue.none : new OptionalValue(format)
    }),
  ),
  ...Array.from(FORMATS, ([key, format]) =>
    declare(
      `format.${key}`,
      overload(`format.${key}`, [], NAMED_FORMAT, () => format),
    ),
  ),
]
