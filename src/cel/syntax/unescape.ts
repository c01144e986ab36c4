const encoder = new TextEncoder()

/** Why a literal cannot be read, in cel-go's words. */
export class EscapeError extends Error {
  override readonly name = "EscapeError"
}

const SIMPLE: { readonly [escape: string]: string } = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "`": "`",
  "?": "?",
}

/** @param text  with its quotes: `'a\n'`, `r"\d"`, `"""…"""`. @throws EscapeError */
export function unquoteString(text: string): string {
  const { body, raw } = unquote(text)
  if (raw) return body
  return unescape(body, (code, digits) => {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new EscapeError("invalid unicode code point")
    return digits === "" ? "" : String.fromCodePoint(code)
  })
}

/** @param text  with its `b` and its quotes. Escapes are bytes, other characters their UTF-8. @throws EscapeError */
export function unquoteBytes(text: string): Uint8Array {
  const { body, raw } = unquote(text.slice(1))
  if (raw) return encoder.encode(body)
  const bytes: number[] = []
  const parts = body.split(/(\\(?:[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|[^]))/u)
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 0) bytes.push(...encoder.encode(part))
    else if (/^\\[uU]/.test(part)) throw new EscapeError("unable to unescape string")
    else if (/^\\[xX]/.test(part)) bytes.push(Number.parseInt(part.slice(2), 16))
    else if (/^\\[0-3]/.test(part)) bytes.push(Number.parseInt(part.slice(1), 8))
    else bytes.push(...encoder.encode(SIMPLE[part[1]!] ?? ""))
  }
  return Uint8Array.from(bytes)
}

function unquote(text: string): { body: string; raw: boolean } {
  const normalised = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n")
  const raw = /^[rR]/.test(normalised)
  const quoted = raw ? normalised.slice(1) : normalised
  const quotes = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1
  return { body: quoted.slice(quotes, quoted.length - quotes), raw }
}

function unescape(body: string, encode: (code: number, digits: string) => string): string {
  return body.replace(
    /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([^]))/gu,
    (_, hex2?: string, hex4?: string, hex8?: string, octal?: string, simple?: string) => {
      if (simple !== undefined) return SIMPLE[simple] ?? simple
      if (octal !== undefined) return encode(Number.parseInt(octal, 8), octal)
      const hex = (hex2 ?? hex4 ?? hex8)!
      return encode(Number.parseInt(hex, 16), hex)
    },
  )
}
