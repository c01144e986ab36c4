import { request } from "node:https"
import type { FetchJson } from "#apiserver/authentication/oidc/issuer.ts"

const BYTES_MAX = 1024 * 1024
const TIMEOUT_MS = 10_000

/** Reads a JSON document over HTTPS. Redirections are not followed. @throws Error that names the URL */
export const fetchJson: FetchJson = async (url, certificateAuthority) => {
  try {
    return JSON.parse(await fetchText(url, certificateAuthority))
  } catch (error) {
    throw new Error(`Cannot read ${url}`, { cause: error })
  }
}

function fetchText(url: string, ca: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/json" }
    const outgoing = request(url, { headers, agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
      if (response.statusCode !== 200) {
        outgoing.destroy()
        return reject(new Error(`it answered ${response.statusCode}`))
      }
      const chunks: Buffer[] = []
      let length = 0
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > BYTES_MAX) outgoing.destroy(new Error(`it has more than ${BYTES_MAX} bytes`))
      })
      response.on("end", () => resolve(Buffer.concat(chunks).toString()))
      response.on("error", reject)
    })
    outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy(new Error("it does not answer")))
    outgoing.on("error", reject)
    outgoing.end()
  })
}
