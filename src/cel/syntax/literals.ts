import { parseDouble, parseInt64, parseUint64 } from "#cel/values/numbers.ts"
import type { Value } from "#cel/values/value.ts"
import type { Token } from "./lexer.ts"
import { EscapeError, unquoteBytes, unquoteString } from "./unescape.ts"

/** A literal that stands for no value. */
export class LiteralError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** The value of a number or text, or why it has none. */
export function readLiteral({ kind, text }: Token, sign: "" | "-"): Value | LiteralError {
  switch (kind) {
    case "float":
      return parseDouble(sign + text) ?? new LiteralError("invalid double literal")
    case "uint":
      return parseUint64(decimal(text.slice(0, -1))) ?? new LiteralError("invalid uint literal")
    case "int":
      return parseInt64(sign + decimal(text)) ?? new LiteralError("invalid int literal")
    default:
      return readQuoted(kind === "bytes", text)
  }
}

function readQuoted(isBytes: boolean, text: string): Value | LiteralError {
  try {
    return isBytes ? unquoteBytes(text) : unquoteString(text)
  } catch (error) {
    if (error instanceof EscapeError) return new LiteralError(error.message)
    throw error
  }
}

function decimal(text: string): string {
  return text.startsWith("0x") ? String(BigInt(text)) : text
}
