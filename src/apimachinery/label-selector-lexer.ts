/** The words of a label selector's text. Source: k8s.io/apimachinery/pkg/labels, Lexer. */
export type Token = {
  readonly kind: "identifier" | "end" | "error" | Keyword
  readonly text: string
}

type Keyword = ")" | "," | "!" | "==" | "=" | ">" | "in" | "<" | "!=" | "notin" | "("

const KEYWORDS: ReadonlySet<string> = new Set([")", ",", "!", "==", "=", ">", "in", "<", "!=", "notin", "("])
const isSymbol = (char: string) => "=!(),><".includes(char)
const isSpace = (char: string) => char === " " || char === "\t" || char === "\r" || char === "\n"

/** @returns the words in order; the last one is always `end` */
export function scanLabelSelector(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (isSpace(char)) at++
    else if (isSymbol(char)) {
      const token = scanSymbol(text, at)
      tokens.push(token)
      at += token.length
    } else {
      const from = at
      while (at < text.length && !isSymbol(text[at]!) && !isSpace(text[at]!)) at++
      const word = text.slice(from, at)
      tokens.push({ kind: KEYWORDS.has(word) ? (word as Keyword) : "identifier", text: word })
    }
  }
  tokens.push({ kind: "end", text: "" })
  return tokens
}

/** The longest operator that starts here: symbols join only as long as a known one results. */
function scanSymbol(text: string, from: number): Token & { length: number } {
  let end = from + 1
  while (end < text.length && isSymbol(text[end]!) && KEYWORDS.has(text.slice(from, end + 1))) end++
  const symbol = text.slice(from, end)
  return { kind: symbol as Keyword, text: symbol, length: end - from }
}
