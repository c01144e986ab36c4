/** One problem of an expression's text, at an offset in code points; -1 for one that has no place. */
export type Issue = { readonly offset: number; readonly message: string }

/** As many problems of one expression are told; the number of the rest is added. Source: cel-go common/errors.go. */
const ISSUES_MAX = 100

/** A line longer than this is not quoted in problems. */
const SNIPPET_LENGTH_MAX = 16_384

/** The text of an expression, in code points, because that is what columns of problems count. */
export class Source {
  readonly text: string
  readonly points: readonly string[]
  #lineStarts: number[] | undefined

  constructor(text: string) {
    this.text = text
    this.points = Array.from(text)
  }

  get #lines(): number[] {
    if (this.#lineStarts === undefined) {
      this.#lineStarts = [0]
      this.points.forEach((point, i) => {
        if (point === "\n") this.#lineStarts!.push(i + 1)
      })
    }
    return this.#lineStarts
  }

  /** The 1-based line and the 0-based column of an offset. */
  locate(offset: number): { line: number; column: number } {
    if (offset < 0) return { line: -1, column: -1 }
    const starts = this.#lines
    let line = starts.length
    while (line > 1 && starts[line - 1]! > offset) line--
    return { line, column: offset - starts[line - 1]! }
  }

  /** The text of a 1-based line. */
  lineText(line: number): string | undefined {
    const start = this.#lines[line - 1]
    if (start === undefined) return undefined
    const next = this.#lines[line]
    return this.points.slice(start, next === undefined ? undefined : next - 1).join("")
  }
}

/**
 * Problems in the words of cel-go, each with the line that it is in and a pointer to its place:
 *
 *     ERROR: <input>:1:6: undefined field 'foo'
 *      | self.foo
 *      | .....^
 */
export function issuesText(source: Source, issues: readonly Issue[]): string {
  const placed = issues.map((issue) => ({ issue, place: source.locate(issue.offset) }))
  const shown = placed.slice(0, ISSUES_MAX)
  shown.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
  const texts = shown.map(({ issue, place }) => issueText(source, issue.message, place))
  if (placed.length > ISSUES_MAX) texts.push(`${placed.length - ISSUES_MAX} more errors were truncated`)
  return texts.join("\n")
}

function issueText(source: Source, message: string, place: { line: number; column: number }): string {
  const head = `ERROR: <input>:${place.line}:${place.column + 1}: ${message}`
  const line = source.lineText(place.line)?.replaceAll("\t", " ")
  if (line === undefined || line.length > SNIPPET_LENGTH_MAX) return head
  const points = Array.from(line)
  const isWide = (i: number) => (points[i]?.codePointAt(0) ?? 0) > 0x7f
  let pointer = ""
  for (let i = 0; i < place.column && i < points.length; i++) pointer += isWide(i) ? "\uff0e" : "."
  pointer += isWide(place.column) ? "\uff3e" : "^"
  return `${head}\n | ${line}\n | ${pointer}`
}
