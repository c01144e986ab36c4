import type { JsonSchema } from "#apimachinery/openapi.ts"

const ESCAPES: { readonly [letter: string]: string } = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
}

/**
 * The field that a rule's `fieldPath` names (`.spec.name`, `['a.b']`), as errors name it.
 *
 * @returns undefined for a path that leads nowhere
 * @see apiextensions-apiserver pkg/apiserver/schema/cel/validation.go, ValidFieldPath
 */
export function normalRulePath(path: string, root: JsonSchema): string | undefined {
  let schema: JsonSchema = root
  let normal = ""
  let rest = path
  while (rest !== "") {
    const step = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/s.exec(rest)
    if (step === null) return undefined
    const name = step[1] ?? unescapeQuoted(step[2]!)
    if (name === undefined) return undefined
    const { properties, additionalProperties } = schema
    if (properties !== undefined) {
      if (!Object.hasOwn(properties, name)) return undefined
      schema = properties[name]!
      normal += normal === "" ? name : `.${name}`
    } else if (typeof additionalProperties === "object") {
      schema = additionalProperties
      normal += `[${name}]`
    } else return undefined
    rest = rest.slice(step[0].length)
  }
  return normal
}

function unescapeQuoted(text: string): string | undefined {
  let valid = true
  const plain = text.replace(/\\(.)/gs, (_, letter: string) => {
    if (!Object.hasOwn(ESCAPES, letter)) valid = false
    return ESCAPES[letter] ?? ""
  })
  return valid ? plain : undefined
}
