// Source: apiserver pkg/cel/library/semverlib.go over github.com/blang/semver.
import { BOOL, INT, STRING, structType, type Type } from "#cel/types/type.ts"
import { UINT_MAX } from "#cel/values/numbers.ts"
import { CelError, OpaqueValue, type Value } from "#cel/values/value.ts"
import { declare, member, overload, type Call, type FunctionDeclaration } from "./declare.ts"

export const SEMVER = structType("kubernetes.Semver")

export class SemverValue extends OpaqueValue {
  override readonly type: Type = SEMVER
  readonly numbers: readonly bigint[]
  readonly preRelease: readonly string[]

  constructor(numbers: readonly bigint[], preRelease: readonly string[]) {
    super()
    this.numbers = numbers
    this.preRelease = preRelease
  }

  override equals(other: OpaqueValue): boolean {
    return other instanceof SemverValue && compare(this, other) === 0
  }
}

function compare(a: SemverValue, b: SemverValue): number {
  for (let i = 0; i < 3; i++) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i]! < b.numbers[i]! ? -1 : 1
  const [x, y] = [a.preRelease, b.preRelease]
  // A release comes after all of its pre-releases.
  if (x.length === 0 || y.length === 0) return x.length === y.length ? 0 : x.length === 0 ? 1 : -1
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = compareIdentifiers(x[i]!, y[i]!)
    if (order !== 0) return order
  }
  return Math.sign(x.length - y.length)
}

function compareIdentifiers(a: string, b: string): number {
  if (a === b) return 0
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOtherNumber) return BigInt(a) < BigInt(b) ? -1 : 1
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  return a < b ? -1 : 1
}

function parse(text: string): SemverValue | CelError {
  if (text === "") return new CelError("Version string empty")
  const parts = text.split(".")
  if (parts.length < 3) return new CelError("No Major.Minor.Patch elements found")
  const [major, minor] = parts as [string, string]
  const [release, build] = splitOnce(parts.slice(2).join("."), "+")
  const [patch, preRelease] = splitOnce(release, "-")
  const names = ["Major", "Minor", "Patch"]
  for (const [i, number] of [major, minor, patch].entries()) {
    if (!/^\d+$/.test(number))
      return new CelError(`Invalid character(s) found in ${names[i]!.toLowerCase()} number ${goString(number)}`)
    if (/^0\d/.test(number))
      return new CelError(`${names[i]} number must not contain leading zeroes ${goString(number)}`)
    if (BigInt(number) > UINT_MAX)
      return new CelError(`strconv.ParseUint: parsing ${goString(number)}: value out of range`)
  }
  const identifiers = preRelease?.split(".") ?? []
  for (const id of identifiers) {
    if (id === "") return new CelError("Prerelease is empty")
    if (/^0\d+$/.test(id))
      return new CelError(`Numeric PreRelease version must not contain leading zeroes ${goString(id)}`)
    if (!/^[0-9A-Za-z-]+$/.test(id)) return new CelError(`Invalid character(s) found in prerelease ${goString(id)}`)
  }
  for (const id of build?.split(".") ?? []) {
    if (id === "") return new CelError("Build meta data is empty")
    if (!/^[0-9A-Za-z-]+$/.test(id))
      return new CelError(`Invalid character(s) found in build meta data ${goString(id)}`)
  }
  return new SemverValue([major, minor, patch].map(BigInt), identifiers)
}

const goString = (text: string) => JSON.stringify(text)

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** `v1.02` is read as `1.2.0`. */
function parseLoosely(text: string): SemverValue | CelError {
  const parts = splitN(text.replace(/^v/, ""), 3).map((part) => {
    if (part.length < 2) return part
    const cut = part.replace(/^0+/, "")
    return /^\d/.test(cut) ? cut : `0${cut}`
  })
  if (parts.length < 3) {
    if (/[+-]/.test(parts.at(-1)!)) return new CelError("short version cannot contain PreRelease/Build meta data")
    while (parts.length < 3) parts.push("0")
  }
  return parse(parts.join("."))
}

function splitN(text: string, count: number): string[] {
  const parts = text.split(".")
  return parts.length <= count ? parts : [...parts.slice(0, count - 1), parts.slice(count - 1).join(".")]
}

const read = (text: Value, loosely: Value = false) => (loosely ? parseLoosely(text as string) : parse(text as string))
const number =
  (index: number): Call =>
  (version) =>
    (version as SemverValue).numbers[index]!
const comparison =
  (holds: (order: number) => Value): Call =>
  (a, b) =>
    holds(compare(a as SemverValue, b as SemverValue))

export const SEMVER_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "semver",
    overload("string_to_semver", [STRING], SEMVER, (text) => read(text!)),
    overload("string_bool_to_semver", [STRING, BOOL], SEMVER, (text, loosely) => read(text!, loosely)),
  ),
  declare(
    "isSemver",
    overload("is_semver_string", [STRING], BOOL, (text) => read(text!) instanceof SemverValue),
    overload(
      "is_semver_string_bool",
      [STRING, BOOL],
      BOOL,
      (text, loosely) => read(text!, loosely) instanceof SemverValue,
    ),
  ),
  declare(
    "isGreaterThan",
    member(
      "semver_is_greater_than",
      [SEMVER, SEMVER],
      BOOL,
      comparison((o) => o > 0),
    ),
  ),
  declare(
    "isLessThan",
    member(
      "semver_is_less_than",
      [SEMVER, SEMVER],
      BOOL,
      comparison((o) => o < 0),
    ),
  ),
  declare(
    "compareTo",
    member(
      "semver_compare_to",
      [SEMVER, SEMVER],
      INT,
      comparison((o) => BigInt(o)),
    ),
  ),
  declare("major", member("semver_major", [SEMVER], INT, number(0))),
  declare("minor", member("semver_minor", [SEMVER], INT, number(1))),
  declare("patch", member("semver_patch", [SEMVER], INT, number(2))),
]
