const compiled = new Map<string, RegExp | Error>()

/** As many compiled patterns are kept; a pattern belongs to a CRD, and those are few. */
const COMPILED_MAX = 10_000

const CLASSES: { readonly [name: string]: string } = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
}

/**
 * A regular expression in Go's syntax, which schemas use, as one of JavaScript. Patterns are matched by backtracking here
 * and not in linear time as in Go: whoever may write CRDs may make validation slow.
 *
 * @returns the error instead when the pattern is invalid
 */
export function goRegExp(pattern: string): RegExp | Error {
  let result = compiled.get(pattern)
  if (result === undefined) {
    result = compile(pattern)
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(pattern, result)
  }
  return result
}

function compile(pattern: string): RegExp | Error {
  const flags = /^\(\?([ims]+)\)/.exec(pattern)
  const source = translate(flags === null ? pattern : pattern.slice(flags[0].length))
  try {
    return new RegExp(source, `${flags?.[1] ?? ""}u`)
  } catch {
    // The `u` flag refuses escapes that need none, such as `\-` and `\_`, which Go accepts.
    try {
      return new RegExp(source, flags?.[1] ?? "")
    } catch (error) {
      return error as Error
    }
  }
}

function translate(pattern: string): string {
  return pattern
    .replaceAll("(?P<", "(?<")
    .replace(/\[:(\^?)(\w+):\]/g, (all, negated: string, name: string) =>
      negated === "" && Object.hasOwn(CLASSES, name) ? CLASSES[name]! : all,
    )
    .replace(/\\([AzQEpP\\])(\w)?/g, (all, char: string, next: string | undefined) => {
      if (char === "A") return `^${next ?? ""}`
      if (char === "z") return `$${next ?? ""}`
      return (char === "p" || char === "P") && next !== undefined ? `\\${char}{${next}}` : all
    })
}
