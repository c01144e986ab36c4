// An API server of its own group, as those that are written for the aggregator: it believes who proves to be the aggregator.
import { createServer, type Server } from "node:https"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"

export const GROUP = "pipes.example.com"

export type Seen = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Common name of the certificate, if it is of the authority that the server trusts. */
  readonly proxy: string | undefined
  readonly body: string
}

export interface ExtensionServer {
  readonly port: number
  /** PEM in base64. */
  readonly caBundle: string
  /** Requests for pipes, oldest first; forgets them. */
  taken(): Seen[]
  /** Sends an event to all open watches. */
  tell(event: object): void
  readonly watches: number
  close(): Promise<void>
}

const RESOURCES = [
  {
    name: "pipes",
    singularName: "pipe",
    namespaced: true,
    kind: "Pipe",
    verbs: ["get", "list", "watch", "create"],
    shortNames: ["pp"],
  },
  { name: "pipes/open", singularName: "", namespaced: true, kind: "PipeOptions", verbs: ["get"] },
]

/** @param proxyAuthority  PEM of who signs the aggregator's certificate */
export async function startExtensionServer(proxyAuthority: string, port = 0): Promise<ExtensionServer> {
  const pki = newPki()
  let seen: Seen[] = []
  const watches = new Set<ServerResponse>()
  const record = (request: IncomingMessage, body: string) => {
    const { authorized } = request.socket as TLSSocket
    const { subject } = (request.socket as TLSSocket).getPeerCertificate()
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, values] of Object.entries(request.headersDistinct))
      headers[name] = values?.length === 1 ? values[0]! : (values ?? [])
    const proxy = authorized ? String(subject.CN) : undefined
    seen.push({ method: request.method ?? "", path: request.url ?? "", headers, proxy, body })
  }
  const answer = (request: IncomingMessage, response: ServerResponse, body: string) => {
    const path = (request.url ?? "").split("?")[0]!
    const json = (status: number, value: object) => {
      response.writeHead(status, { "content-type": "application/json" })
      response.end(JSON.stringify(value))
    }
    if (path === `/apis/${GROUP}/v1`)
      return json(200, { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${GROUP}/v1`, resources: RESOURCES })
    if (path === "/openapi/v3")
      return json(200, {
        paths: { [`apis/${GROUP}/v1`]: { serverRelativeURL: `/openapi/v3/apis/${GROUP}/v1?hash=1` } },
      })
    if (path === `/openapi/v3/apis/${GROUP}/v1`) return json(200, { openapi: "3.0.0", paths: {} })
    if (!path.startsWith(`/apis/${GROUP}/v1/`)) return json(404, { kind: "Status", status: "Failure", code: 404 })
    record(request, body)
    if (path.endsWith("/away")) {
      response.writeHead(302, { location: "https://example.com/" })
      return response.end()
    }
    if ((request.url ?? "").includes("watch=")) {
      response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" })
      response.flushHeaders()
      watches.add(response)
      return void response.once("close", () => watches.delete(response))
    }
    if (request.method === "POST") return json(201, JSON.parse(body))
    if (path.endsWith("/large")) return json(200, { kind: "Pipe", text: "x".repeat(8_000_000) })
    return json(200, {
      kind: "PipeList",
      apiVersion: `${GROUP}/v1`,
      metadata: {},
      items: [{ metadata: { name: "a" } }],
    })
  }
  const options = {
    cert: pki.certificate,
    key: pki.key,
    ca: proxyAuthority,
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server: Server = createServer(options, (request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => answer(request, response, Buffer.concat(chunks).toString()))
  })
  server.on("upgrade", (request, socket) => {
    record(request, "")
    socket.on("error", () => undefined)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${request.headers["upgrade"]}\r\n\r\n`,
    )
    // What comes goes back, in capitals.
    socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()))
    socket.on("end", () => socket.end())
  })
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(pki.ca).toString("base64"),
    taken() {
      const taken = seen
      seen = []
      return taken
    },
    tell: (event) => watches.forEach((response) => response.write(`${JSON.stringify(event)}\n`)),
    get watches() {
      return watches.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function newPki(): { ca: string; certificate: string; key: string } {
  const ca = newCertificateAuthority({ commonName: "extension", clock: realClock, random: realRandom })
  const key = newPrivateKey(realRandom)
  const certificate = signCertificate({
    ca,
    random: realRandom,
    subject: { commonName: "pipes", organizations: [] },
    publicKey: key,
    notBeforeMs: realClock.nowMs() - 60_000,
    notAfterMs: realClock.nowMs() + DAY_MS,
    usages: ["serverAuth"],
    dnsNames: ["pipes.aggregated.svc"],
    ipAddresses: [],
  })
  return { ca: ca.certificatePem, certificate: certificatePem(certificate), key: privateKeyPem(key) }
}
