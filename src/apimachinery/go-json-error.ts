// What Go's JSON scanner says about text that is no JSON. Source: encoding/json scanner.go.
import { goQuote } from "./go-text.ts"

/**
 * The message of the first syntax error, as upstream quotes it in refusals.
 *
 * @returns undefined for text that is JSON
 */
export function goJsonError(text: string | Uint8Array): string | undefined {
  const scanner = new Scanner(typeof text === "string" ? Buffer.from(text) : text)
  try {
    scanner.document()
    return undefined
  } catch (error) {
    if (error instanceof ScanError) return error.message
    throw error
  }
}

class ScanError extends Error {}

const END = -1
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
const code = (character: string) => character.charCodeAt(0)
const SPACE = new Set([" ", "\t", "\r", "\n"].map(code))
const LITERALS = new Map(["true", "false", "null"].map((word) => [code(word), word]))

class Scanner {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** One value and nothing behind it. What is open is a list here, as text can nest deeper than calls. */
  document(): void {
    const open: ("{" | "[")[] = []
    this.#skip()
    for (let wantsValue = true; ;) {
      if (wantsValue) {
        const opened = this.#value()
        if (opened !== undefined) {
          open.push(opened)
          wantsValue = this.#first(opened)
          continue
        }
      }
      wantsValue = false
      this.#skip()
      const around = open.at(-1)
      if (around === undefined) {
        if (this.#peek() !== END) this.#refuse("after top-level value")
        return
      }
      if (this.#peek() === code(",")) {
        this.#at++
        this.#skip()
        if (around === "{") this.#key()
        wantsValue = true
      } else if (this.#peek() === code(around === "{" ? "}" : "]")) {
        this.#at++
        open.pop()
      } else this.#refuse(around === "{" ? "after object key:value pair" : "after array element")
    }
  }

  /** What follows an opening bracket. @returns whether a value does; else the closing one is next */
  #first(opened: "{" | "["): boolean {
    this.#skip()
    if (this.#peek() === code(opened === "{" ? "}" : "]")) return false
    if (opened === "{") this.#key()
    return true
  }

  #key(): void {
    if (this.#peek() !== code('"')) this.#refuse("looking for beginning of object key string")
    this.#string()
    this.#skip()
    if (this.#peek() !== code(":")) this.#refuse("after object key")
    this.#at++
    this.#skip()
  }

  /** @returns what the value opens */
  #value(): "{" | "[" | undefined {
    const byte = this.#peek()
    if (byte === code("{") || byte === code("[")) {
      this.#at++
      return byte === code("{") ? "{" : "["
    }
    const word = LITERALS.get(byte)
    if (byte === code('"')) this.#string()
    else if (word !== undefined) this.#literal(word)
    else if (byte === code("-") || isDigit(byte)) this.#number()
    else this.#refuse("looking for beginning of value")
    return undefined
  }

  #string(): void {
    this.#at++
    for (; this.#peek() !== code('"'); this.#at++) {
      if (this.#peek() < 0x20) this.#refuse("in string literal")
      if (this.#peek() !== code("\\")) continue
      this.#at++
      if (this.#peek() === code("u")) {
        for (let i = 0; i < 4; i++) {
          this.#at++
          if (!/[0-9a-fA-F]/.test(String.fromCharCode(this.#peek())))
            this.#refuse("in \\u hexadecimal character escape")
        }
      } else if (!'bfnrt\\/"'.includes(String.fromCharCode(this.#peek()))) this.#refuse("in string escape code")
    }
    this.#at++
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (this.#peek() !== code(letter)) this.#refuse(`in literal ${word} (expecting '${letter}')`)
      this.#at++
    }
  }

  #number(): void {
    if (this.#peek() === code("-")) this.#at++
    if (!isDigit(this.#peek())) this.#refuse("in numeric literal")
    if (this.#peek() === code("0")) this.#at++
    else this.#digits()
    if (this.#peek() === code(".")) {
      this.#at++
      if (!isDigit(this.#peek())) this.#refuse("after decimal point in numeric literal")
      this.#digits()
    }
    if (this.#peek() !== code("e") && this.#peek() !== code("E")) return
    this.#at++
    if (this.#peek() === code("+") || this.#peek() === code("-")) this.#at++
    if (!isDigit(this.#peek())) this.#refuse("in exponent of numeric literal")
    this.#digits()
  }

  #digits(): void {
    while (isDigit(this.#peek())) this.#at++
  }

  #skip(): void {
    while (SPACE.has(this.#peek())) this.#at++
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? END
  }

  #refuse(where: string): never {
    const byte = this.#peek()
    if (byte === END) throw new ScanError("unexpected end of JSON input")
    throw new ScanError(`invalid character ${quoteByte(byte)} ${where}`)
  }
}

function quoteByte(byte: number): string {
  if (byte === code("'")) return "'\\''"
  if (byte === code('"')) return `'"'`
  const quoted = goQuote(String.fromCharCode(byte))
  return `'${quoted.slice(1, -1)}'`
}
