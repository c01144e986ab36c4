import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { isStream, type HttpResponse } from "#lib/http.ts"

/** Smaller answers are sent as they are. Source: k8s.io/apiserver endpoints/handlers/responsewriters. */
const COMPRESSED_BYTES_MIN = 128 * 1024

const compress = promisify(gzip)

/** An answer as its asker can read it: large bodies of objects gzipped where that was asked for, as quickly as can be. */
export async function withCompression(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): Promise<HttpResponse> {
  if (!isCompressible(response) || !acceptsGzip(headers["accept-encoding"])) return response
  const { vary } = response.headers
  return {
    ...response,
    headers: {
      ...response.headers,
      "content-encoding": "gzip",
      vary: vary === undefined ? "Accept-Encoding" : [vary, "Accept-Encoding"].flat(),
    },
    body: await compress(response.body as Uint8Array, { level: 1 }),
  }
}

function isCompressible({ body, headers }: HttpResponse): boolean {
  return !isStream(body) && body.length > COMPRESSED_BYTES_MIN && headers["content-encoding"] === undefined
}

/** Upstream knows the bare word only: `gzip;q=0.5` is not asked for. */
const acceptsGzip = (accept = "") => accept.split(",").some((token) => token.trim() === "gzip")
