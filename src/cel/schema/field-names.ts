// Names of fields as expressions have to write them. Source: apiserver pkg/cel/escaping.go.

const RESERVED = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
)
const ESCAPES: { readonly [part: string]: string } = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
}
const UNESCAPES: { readonly [name: string]: string } = { underscores: "__", dot: ".", dash: "-", slash: "/" }

/** `my-field` is `my__dash__field`. Undefined for a name that expressions cannot write. */
export function escapeName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined
  return name.replace(/__|[-./]/g, (part) => ESCAPES[part]!)
}

/** The name of a field from how an expression writes it; undefined for what no name is written as. */
export function unescapeName(escaped: string): string | undefined {
  if (!escaped.includes("__")) return escaped
  let valid = true
  const name = escaped.replace(/__([^_]+)__/g, (all, content: string) => {
    const part = Object.hasOwn(UNESCAPES, content) ? UNESCAPES[content] : undefined
    if (part !== undefined) return part
    // A reserved word is escaped as a whole, or not at all.
    if (!RESERVED.has(content) || all.length !== escaped.length) valid = false
    return content
  })
  return valid ? name : undefined
}
