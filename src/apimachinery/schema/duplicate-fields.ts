/**
 * Members that come up twice in one object of a JSON text, which JSON.parse passes over in silence (the last one wins).
 *
 * @param text  valid JSON; what is not, JSON.parse reports
 * @returns the paths, `data.a` or `spec.list[0].name`, in the order of the text, each once
 */
export function findDuplicateFields(text: string): string[] {
  // An object that is opened and never repeats a name is the rule, so paths are put together for what is found only.
  const found = new Set<string>()
  const open: Frame[] = []
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    const frame = open[open.length - 1]
    switch (char) {
      case OPEN_OBJECT:
        open.push({ keys: new Set(), key: "", index: -1 })
        expectsKey = true
        break
      case OPEN_LIST:
        open.push({ keys: undefined, key: "", index: 0 })
        expectsKey = false
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        open.pop()
        break
      case COMMA:
        expectsKey = frame?.keys !== undefined
        if (frame?.keys === undefined && frame !== undefined) frame.index++
        break
      case QUOTE: {
        const end = endOfText(text, at)
        if (expectsKey && frame?.keys !== undefined) {
          frame.key = keyOf(text.slice(at, end + 1))
          if (frame.keys.has(frame.key)) found.add(pathOf(open))
          else frame.keys.add(frame.key)
        }
        expectsKey = false
        at = end
      }
    }
  }
  return [...found]
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

/** An object (with the names seen so far) or a list that is open, and where in it the scan is. */
type Frame = { readonly keys: Set<string> | undefined; key: string; index: number }

/** The place of the quote that ends the string which starts at `from`. */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

function keyOf(quoted: string): string {
  return quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
}

function pathOf(open: readonly Frame[]): string {
  return open.reduce((path, { keys, key, index }) => {
    if (keys === undefined) return `${path}[${index}]`
    return path === "" ? key : `${path}.${key}`
  }, "")
}
