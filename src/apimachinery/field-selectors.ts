import { compareText } from "./json.ts"
import { badRequest } from "./status-error.ts"

/** One condition on one field. */
export type FieldRequirement = {
  readonly field: string
  readonly operator: "=" | "!="
  readonly value: string
}

/** A parsed field selector: all requirements must hold. */
export type FieldSelector = {
  readonly requirements: readonly FieldRequirement[]
  readonly empty: boolean
  /** @param valueOf  reads a field of the object as text; "" for one that is not set */
  matches(valueOf: (field: string) => string): boolean
  toString(): string
}

export function newFieldSelector(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    empty: requirements.length === 0,
    matches: (valueOf) =>
      requirements.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === "=")),
    toString: () =>
      requirements.map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`).join(","),
  }
}

/**
 * @param text  `metadata.name=a,status.phase!=Running`; `\,`, `\=` and `\\` stand for the character itself
 * @throws StatusError BadRequest with the words of the API server
 * @see k8s.io/apimachinery/pkg/fields
 */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text).sort(compareText)) {
    if (term === "") continue
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const operator = match[2] === "!=" ? "!=" : "="
    requirements.push({ field: match[1]!, operator, value: unescapeFieldValue(match[3]!) })
  }
  return newFieldSelector(requirements)
}

/** The one value that a selector demands of `field`, by which an index or a key may be read instead of everything. */
export function exactFieldValue(selector: FieldSelector, field: string): string | undefined {
  return selector.requirements.find((r) => r.field === field && r.operator === "=")?.value
}

/** @returns `value` as it must be written after `field=` */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, (char) => `\\${char}`)
}

/** Splits at commas that no backslash precedes. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++
    else if (text[at] === ",") {
      terms.push(text.slice(from, at))
      from = at + 1
    }
  }
  terms.push(text.slice(from))
  return terms
}

function unescapeFieldValue(text: string): string {
  if (!/[\\,=]/.test(text)) return text
  let value = ""
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (char === "\\") {
      const next = String.fromCodePoint(...[text.codePointAt(++at)].filter((code) => code !== undefined))
      if (next !== "\\" && next !== "," && next !== "=") {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`)
      }
      value += next
    } else if (char === "," || char === "=") {
      // Upstream prints the rune as a number.
      throw badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`)
    } else value += char
  }
  return value
}
