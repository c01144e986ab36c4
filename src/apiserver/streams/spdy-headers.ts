// The headers of SPDY's streams: pairs of texts, compressed with a dictionary. Source: SPDY protocol, draft 3.1, section 2.6.10.
import { constants, createDeflate, createInflate } from "node:zlib"

const WORDS =
  "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin"
const TAIL =
  "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."

export const DICTIONARY: Buffer = Buffer.concat([
  ...WORDS.split(" ").map((word) => withLength(word.replace("_", " "))),
  Buffer.from(TAIL),
])

/** Headers of one stream when unpacked: far more than clients send, far less than a small bomb would make of it. */
const HEADERS_BYTES_MAX = 64 * 1024

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

export type SpdyHeaders = Readonly<Record<string, string>>

/** One direction's compression lives as long as the connection: blocks must be unpacked in order. */
export function newHeaderReader(): (block: Uint8Array) => Promise<SpdyHeaders> {
  const inflate = createInflate({ dictionary: DICTIONARY })
  let pieces: Buffer[] = []
  let size = 0
  let failure: Error | undefined
  inflate.on("data", (piece: Buffer) => {
    size += piece.length
    if (size <= HEADERS_BYTES_MAX) pieces.push(piece)
  })
  inflate.on("error", (error) => (failure = error))
  return (block) =>
    new Promise((resolve, reject) => {
      const onError = (error: Error) => reject(error)
      inflate.once("error", onError)
      inflate.write(block, () => {
        inflate.off("error", onError)
        const bytes = Buffer.concat(pieces)
        const isLarge = size > HEADERS_BYTES_MAX
        pieces = []
        size = 0
        if (failure !== undefined) return reject(failure)
        if (isLarge) return reject(new Error("Cannot read headers: too large"))
        try {
          resolve(parsePairs(bytes))
        } catch (error) {
          reject(error as Error)
        }
      })
    })
}

function parsePairs(bytes: Buffer): SpdyHeaders {
  let at = 0
  const number = () => bytes.readUInt32BE((at += 4) - 4)
  const text = () => {
    const length = number()
    if (at + length > bytes.length) throw new RangeError("Cannot read headers: cut off")
    return bytes.toString("utf8", at, (at += length))
  }
  const headers: Record<string, string> = {}
  for (let left = number(); left > 0; left--) {
    const name = text().toLowerCase()
    headers[name] = text()
  }
  return headers
}

/** Writes blocks that an endpoint can unpack in the same order. */
export function newHeaderWriter(): (headers: SpdyHeaders) => Promise<Buffer> {
  const deflate = createDeflate({ dictionary: DICTIONARY })
  let pieces: Buffer[] = []
  deflate.on("data", (piece: Buffer) => pieces.push(piece))
  return (headers) =>
    new Promise((resolve) => {
      const entries = Object.entries(headers)
      const count = Buffer.alloc(4)
      count.writeUInt32BE(entries.length)
      deflate.write(Buffer.concat([count, ...entries.flat().map(withLength)]))
      deflate.flush(constants.Z_SYNC_FLUSH, () => {
        resolve(Buffer.concat(pieces))
        pieces = []
      })
    })
}
