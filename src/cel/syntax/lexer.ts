import type { Issue, Source } from "./source.ts"

export type TokenKind = "int" | "uint" | "float" | "string" | "bytes" | "ident" | "escapedIdent" | "symbol" | "end"

/** A piece of an expression. `text` is as it is written; keywords and operators are symbols. */
export type Token = { readonly kind: TokenKind; readonly text: string; readonly offset: number }

const SYMBOLS = ["==", "!=", "<=", ">=", "&&", "||", ..."<>[]{}().,-!?:+*/%"]
const KEYWORDS = new Set(["in", "true", "false", "null"])

const SPACE = /[\t \r\n\f]+|\/\/[^\n]*/y
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y
const ESCAPED_IDENT = /`[A-Za-z0-9_.\-/ ]+`/y
// The longest of these wins, and at the same length the first.
const NUMBERS: readonly (readonly [TokenKind, RegExp])[] = [
  ["float", /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y],
  ["uint", /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ["int", /0x[0-9a-fA-F]+|\d+/y],
]
const ESCAPE = "\\\\(?:[abfnrtv\"'\\\\?`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
const QUOTED = [
  `"""(?:${ESCAPE}|[^\\\\])*?"""`,
  `'''(?:${ESCAPE}|[^\\\\])*?'''`,
  `[rR]"""[^]*?"""`,
  `[rR]'''[^]*?'''`,
  `"(?:${ESCAPE}|[^\\\\"\\n\\r])*"`,
  `'(?:${ESCAPE}|[^\\\\'\\n\\r])*'`,
  `[rR]"[^"\\n\\r]*"`,
  `[rR]'[^'\\n\\r]*'`,
].join("|")
const STRING = new RegExp(QUOTED, "yu")
const BYTES = new RegExp(`[bB](?:${QUOTED})`, "yu")

/**
 * Splits an expression into tokens; the last is of the kind `end`. What is no token is left out and told as an issue.
 *
 * @see the grammar, cel-go parser/gen/CEL.g4
 */
export function tokenize(source: Source, issues: Issue[]): Token[] {
  const { text } = source
  const tokens: Token[] = []
  // Offsets count code points, and regular expressions count code units.
  let unit = 0
  let point = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = unit
    return pattern.exec(text)?.[0]
  }
  const advance = (piece: string) => {
    unit += piece.length
    point += codePointsIn(piece)
  }
  const push = (kind: TokenKind, piece: string) => {
    tokens.push({ kind, text: piece, offset: point })
    advance(piece)
  }
  while (unit < text.length) {
    const space = match(SPACE)
    if (space !== undefined) {
      advance(space)
      continue
    }
    const quoted = match(STRING)
    const bytes = quoted === undefined ? match(BYTES) : undefined
    if (quoted !== undefined) push("string", quoted)
    else if (bytes !== undefined) push("bytes", bytes)
    else if (!matchOther(match, push, text.slice(unit, unit + 2))) {
      const bad = String.fromCodePoint(text.codePointAt(unit)!)
      issues.push({
        offset: point,
        message: `Syntax error: token recognition error at: '${printable(unfinished(text, unit) ?? bad)}'`,
      })
      advance(unfinished(text, unit) ?? bad)
    }
  }
  tokens.push({ kind: "end", text: "<EOF>", offset: point })
  return tokens
}

function matchOther(
  match: (pattern: RegExp) => string | undefined,
  push: (kind: TokenKind, piece: string) => void,
  ahead: string,
): boolean {
  for (const [kind, pattern] of NUMBERS) {
    const number = match(pattern)
    if (number === undefined) continue
    push(kind, number)
    return true
  }
  const ident = match(IDENT)
  if (ident !== undefined) {
    push(KEYWORDS.has(ident) ? "symbol" : "ident", ident)
    return true
  }
  const escaped = match(ESCAPED_IDENT)
  if (escaped !== undefined) {
    push("escapedIdent", escaped)
    return true
  }
  const symbol = SYMBOLS.find((s) => ahead.startsWith(s))
  if (symbol === undefined) return false
  push("symbol", symbol)
  return true
}

/** A string that never ends is one bad token, up to where it could not go on. */
function unfinished(text: string, unit: number): string | undefined {
  const quote = text[unit]
  if (quote !== '"' && quote !== "'") return undefined
  const run = new RegExp(`${quote}(?:${ESCAPE}|[^\\\\${quote}\\n\\r])*\\\\?.?`, "yu")
  run.lastIndex = unit
  return run.exec(text)?.[0]
}

function printable(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")
}

function codePointsIn(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
