/** Beyond this in all, every warning is cut. Source: k8s.io/apiserver endpoints/filters/warning.go. */
const TOTAL_RUNES_MAX = 4 * 1024
/** What then is left of one. */
const ITEM_RUNES_MAX = 256
const CONTROL = /\p{Cc}/u

/** The values of Warning headers, each text once. Texts that no header can hold are left out, as upstream. */
export function warningHeaders(texts: readonly string[]): string[] {
  const unique = [...new Set(texts)].filter((text) => text !== "" && !CONTROL.test(text)).map((text) => [...text])
  const total = unique.reduce((sum, runes) => sum + runes.length, 0)
  if (total <= TOTAL_RUNES_MAX) return unique.map(headerOf)
  const headers: string[] = []
  let written = 0
  for (const runes of unique) {
    if (written >= TOTAL_RUNES_MAX) break
    const kept = runes.slice(0, ITEM_RUNES_MAX)
    written += kept.length
    headers.push(headerOf(kept))
  }
  return headers
}

/** Headers travel as bytes, which Node wants as one character each; what is written here is UTF-8. */
function headerOf(runes: readonly string[]): string {
  const text = runes.join("").toWellFormed().replaceAll(/["\\]/g, "\\$&")
  return Buffer.from(`299 - "${text}"`).toString("latin1")
}
