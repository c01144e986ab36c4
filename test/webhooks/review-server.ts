import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"

// oxlint-disable-next-line typescript/no-explicit-any -- reviews of every kind
export type Json = any

/** What a webhook answers: a review's response, or something that is none. */
export type Reply =
  | { readonly response: Json }
  | { readonly review: Json }
  | { readonly status: number; readonly type?: string; readonly text: string }
  | "nothing"

/** Webhooks in this process: one for each path, on a loopback port with TLS. */
export interface ReviewServer {
  readonly port: number
  /** PEM in base64. */
  readonly caBundle: string
  url(path: string): string
  /** Sets what answers at a path. */
  on(path: string, answer: (request: Json, review: Json) => Reply): void
  /** The requests that came, oldest first; forgets them. */
  taken(): { readonly path: string; readonly review: Json }[]
  close(): Promise<void>
}

export async function startReviewServer(): Promise<ReviewServer> {
  const pki = newPki()
  const answers = new Map<string, (request: Json, review: Json) => Reply>()
  let seen: { path: string; review: Json }[] = []
  const server: Server = createServer({ cert: pki.certificate, key: pki.key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const path = request.url ?? ""
      const review = JSON.parse(Buffer.concat(chunks).toString())
      seen.push({ path, review })
      const reply = answers.get(path.split("?")[0]!)?.(review.request, review) ?? {
        status: 404,
        text: "no such webhook",
      }
      if (reply === "nothing") return
      if ("status" in reply) {
        response.writeHead(reply.status, { "content-type": reply.type ?? "text/plain" })
        return response.end(reply.text)
      }
      const { apiVersion, kind } = review
      const answered =
        "review" in reply
          ? reply.review
          : { apiVersion, kind, response: { uid: review.request.uid, ...reply.response } }
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify(answered))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    caBundle: Buffer.from(pki.ca).toString("base64"),
    url: (path) => `https://127.0.0.1:${port}${path}`,
    on: (path, answer) => void answers.set(path, answer),
    taken() {
      const taken = seen
      seen = []
      return taken
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function newPki(): { ca: string; certificate: string; key: string } {
  const ca = newCertificateAuthority({ commonName: "webhooks", clock: realClock, random: realRandom })
  const key = newPrivateKey(realRandom)
  const certificate = signCertificate({
    ca,
    random: realRandom,
    subject: { commonName: "webhook", organizations: [] },
    publicKey: key,
    notBeforeMs: realClock.nowMs() - 60_000,
    notAfterMs: realClock.nowMs() + DAY_MS,
    usages: ["serverAuth"],
    dnsNames: ["hook.default.svc"],
    ipAddresses: ["127.0.0.1"],
  })
  return { ca: ca.certificatePem, certificate: certificatePem(certificate), key: privateKeyPem(key) }
}
