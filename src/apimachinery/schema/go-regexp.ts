import { RE2JS } from "re2js"

/** As many compiled patterns are kept; a pattern belongs to a CRD, and those are few. */
const COMPILED_MAX = 10_000

/** A regular expression of Go: matched in time that grows with the text alone, whatever the pattern. */
export interface GoRegExp {
  /** Whether any part of the text matches. */
  test(text: string): boolean
  /** The parts that match, one behind the other. @param limit  so many at most */
  findAll(text: string, limit?: number): string[]
}

const compiled = new Map<string, GoRegExp | Error>()

/** @returns the error instead, in Go's words, when the pattern is invalid */
export function goRegExp(pattern: string): GoRegExp | Error {
  let result = compiled.get(pattern)
  if (result === undefined) {
    result = compile(pattern)
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(pattern, result)
  }
  return result
}

function compile(pattern: string): GoRegExp | Error {
  try {
    const program = RE2JS.compile(pattern)
    return {
      test: (text) => program.test(text),
      findAll(text, limit = Infinity) {
        const found: string[] = []
        const matcher = program.matcher(text)
        let end = -1
        while (found.length < limit && matcher.find()) {
          // As in Go: nothing does not match directly behind a match.
          if (matcher.end() === matcher.start() && matcher.start() === end) continue
          end = matcher.end()
          found.push(matcher.group() ?? "")
        }
        return found
      },
    }
  } catch (error) {
    return error as Error
  }
}
