// Source: apiserver pkg/cel/library/regex.go.
import { goRegExp } from "#apimachinery/schema/go-regexp.ts"
import { INT, listType, STRING } from "#cel/types/type.ts"
import { ArrayList, CelError, type Value } from "#cel/values/value.ts"
import { declare, member, type FunctionDeclaration } from "./declare.ts"

function findAll(text: Value, pattern: Value, limit: number): string[] | CelError {
  const compiled = goRegExp(pattern as string)
  if (compiled instanceof Error) return new CelError(`Illegal regex: ${compiled.message}`)
  return compiled.findAll(text as string, limit < 0 ? undefined : limit)
}

const asList = (found: string[] | CelError): Value => (found instanceof CelError ? found : new ArrayList(found))

export const REGEX_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "find",
    member("string_find_string", [STRING, STRING], STRING, (text, pattern) => {
      const found = findAll(text!, pattern!, 1)
      return found instanceof CelError ? found : (found[0] ?? "")
    }),
  ),
  declare(
    "findAll",
    member("string_find_all_string", [STRING, STRING], listType(STRING), (text, pattern) =>
      asList(findAll(text!, pattern!, -1)),
    ),
    member("string_find_all_string_int", [STRING, STRING, INT], listType(STRING), (text, pattern, limit) =>
      asList(findAll(text!, pattern!, Number(limit))),
    ),
  ),
]
