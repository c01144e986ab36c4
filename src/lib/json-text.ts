/**
 * How deep lists and objects of a text may lie in each other. Most of what is done with a value calls itself for what is
 * inside of it, so that this bounds the stack; real objects have less than 50 levels.
 */
export const JSON_DEPTH_MAX = 500

/** @throws SyntaxError for what is no JSON, or is nested too deeply */
export function parseJson(text: string): unknown {
  // Shorter texts cannot be that deep: each level takes two characters.
  if (text.length > 2 * JSON_DEPTH_MAX && isTooDeep(text)) throw new SyntaxError("exceeded max depth")
  return JSON.parse(text)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Counts brackets outside of strings; what is no JSON is left to the parser. */
function isTooDeep(text: string): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      i = endOfString(text, i + 1)
      continue
    }
    // [ and { differ by 0x20, as do ] and }.
    const bracket = code & ~0x20
    if (bracket === 0x5b) {
      if (++depth > JSON_DEPTH_MAX) return true
    } else if (bracket === 0x5d) depth--
  }
  return false
}

/** Where the string that begins before `from` ends; long ones are searched natively. */
function endOfString(text: string, from: number): number {
  for (let at = from; ;) {
    const end = text.indexOf('"', at)
    if (end < 0) return text.length
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH && end - backslashes > from) backslashes++
    if (backslashes % 2 === 0) return end
    at = end + 1
  }
}
