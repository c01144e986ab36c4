/** A text that cannot be formatted. */
export class FormatError extends Error {
  override readonly name = "FormatError"
  /** The argument that is of the wrong type, if that is why. */
  readonly argument: number | undefined

  constructor(message: string, argument?: number) {
    super(message)
    this.argument = argument
  }
}

/** How an argument is to be written: `%s`, `%.2f`. */
export type Clause = {
  readonly letter: "s" | "d" | "f" | "e" | "b" | "x" | "X" | "o"
  readonly precision: number | undefined
}

/** Digits after the point that may be asked for. Go takes any number; a text would be as long. */
const PRECISION_MAX = 100

/**
 * Replaces each clause of a format by what `write` makes of its argument.
 *
 * @param count  of arguments
 * @returns the text, and how many arguments it took
 * @throws FormatError in cel-go's words
 */
export function interpretFormat(
  format: string,
  count: number,
  write: (argument: number, clause: Clause) => string,
): { readonly text: string; readonly used: number } {
  let text = ""
  let used = 0
  let at = 0
  while (at < format.length) {
    const char = format[at]!
    if (char !== "%" || format[at + 1] === "%") {
      text += char
      at += char === "%" ? 2 : 1
      continue
    }
    if (used >= count) throw new FormatError(`index ${used} out of range`)
    if (at + 1 >= format.length) throw new FormatError("unexpected end of string")
    const { clause, length } = readClause(format.slice(at + 1))
    text += writeArgument(used, clause, write)
    used++
    at += 1 + length
  }
  return { text, used }
}

function writeArgument(argument: number, clause: Clause, write: (argument: number, clause: Clause) => string): string {
  try {
    return write(argument, clause)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new FormatError(`error during formatting: ${error.message}`, error.argument ?? argument)
  }
}

function readClause(text: string): { clause: Clause; length: number } {
  const fail = (why: string) => new FormatError(`could not parse formatting clause: ${why}`)
  let precision: number | undefined
  let at = 0
  if (text[0] === ".") {
    const digits = /^\d*/.exec(text.slice(1))![0]
    at = 1 + digits.length
    if (at >= text.length) throw fail("error while parsing precision: could not find end of precision specifier")
    if (digits === "") {
      const why = 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'
      throw fail(`error while parsing precision: ${why}`)
    }
    precision = Number(digits)
    if (precision > PRECISION_MAX) throw fail(`error while parsing precision: ${digits} is more than ${PRECISION_MAX}`)
  }
  const letter = Array.from(text.slice(at))[0]!
  if (!"sdfebxXo".includes(letter)) throw fail(`unrecognized formatting clause "${letter}"`)
  return { clause: { letter: letter as Clause["letter"], precision }, length: at + 1 }
}

/** What a clause says of an argument of a type that it does not take. */
export function wrongType({ letter }: Clause, typeName: string): string {
  switch (letter) {
    case "s":
      return `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeName}`
    case "d":
      return `decimal clause can only be used on integers, was given ${typeName}`
    case "f":
      return `fixed-point clause can only be used on doubles, was given ${typeName}`
    case "e":
      return `scientific clause can only be used on doubles, was given ${typeName}`
    case "b":
      return `only integers and bools can be formatted as binary, was given ${typeName}`
    case "o":
      return `octal clause can only be used on integers, was given ${typeName}`
    default:
      return `only integers, byte buffers, and strings can be formatted as hex, was given ${typeName}`
  }
}
