/** A block of PEM text (RFC 7468). */
export type PemBlock = { readonly label: string; readonly der: Uint8Array }

/** The body ends at any run of dashes, so that hostile text is read in one go. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----((?:[^-]|-(?!----))*)-----END \1-----/g

/** `-----BEGIN label-----`, base64 in lines of 64, `-----END label-----`, with a line end after the last line. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.map((line) => line + "\n").join("")}-----END ${label}-----\n`
}

/**
 * Every block in the text, in order. Text between blocks and headers inside blocks (`Proc-Type: …`) are left out, as
 * are blocks whose body is no base64.
 */
export function decodePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  for (const [, label, body] of text.matchAll(BLOCK)) {
    const base64 = body!.replace(/^\s*(?:[\w-]+:[^\n]*\n)+/, "").replaceAll(/\s/g, "")
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) continue
    blocks.push({ label: label!, der: Buffer.from(base64, "base64") })
  }
  return blocks
}
