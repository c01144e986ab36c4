// Health and metrics of a process, for kubelets and Prometheus: plain HTTP, nothing to write, no secrets.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { CommandError, EXIT } from "#cli/terminal.ts"
import { answerHealth, PING, type HealthCheck } from "#lib/health.ts"
import type { Log } from "#lib/log.ts"
import { METRICS_CONTENT_TYPE, type Metrics } from "#lib/metrics.ts"
import { addProcessMetrics } from "#lib/process-metrics.ts"

export type OperationServerOptions = {
  /** `HOST:PORT`, `:PORT` for all addresses; `0` or undefined for nowhere. */
  readonly bindAddress: string | undefined
  readonly metrics: Metrics
  /** What has to be well before the process is ready. A process that answers is alive. */
  readonly readyChecks: readonly HealthCheck[]
  readonly log: Log
}

export interface OperationServer {
  close(): Promise<void>
}

/** Probes and Prometheus come one by one. */
const CONNECTIONS_MAX = 64
const REQUEST_MS_MAX = 10_000
const HEADER_BYTES_MAX = 16 * 1024

/** @throws CommandError for an address that is none, or that is taken */
export async function startOperationServer(options: OperationServerOptions): Promise<OperationServer> {
  const { bindAddress, metrics, readyChecks, log } = options
  if (bindAddress === undefined || bindAddress === "0") return { close: async () => {} }
  const { host, port } = parseBindAddress(bindAddress)
  addProcessMetrics(metrics)
  const checks = { "/healthz": [PING], "/livez": [PING], "/readyz": [PING, ...readyChecks] }
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const isRead = request.method === "GET" || request.method === "HEAD"
    if (!isRead) return send(response, 405, "method not allowed\n", { allow: "GET, HEAD" })
    const [path = "", query = ""] = (request.url ?? "").split("?", 2)
    if (path === "/metrics") return send(response, 200, metrics.text(), { "content-type": METRICS_CONTENT_TYPE })
    const health = answerHealth(checks, path, new URLSearchParams(query))
    return send(response, health?.status ?? 404, health?.text ?? "404 page not found\n")
  }
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
    answer,
  )
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, host, port, bindAddress)
  const { address, port: taken } = server.address() as AddressInfo
  log.info("Serves health and metrics", {
    address: address.includes(":") ? `[${address}]:${taken}` : `${address}:${taken}`,
  })
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function send(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache, private",
    ...headers,
  })
  response.end(response.req.method === "HEAD" ? undefined : text)
}

function listen(server: Server, host: string | undefined, port: number, named: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new CommandError(`Cannot serve health and metrics on ${named}`, {
          cause,
          next: "name another address with --metrics-bind-address, or 0 for none",
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
}

/** @throws CommandError */
export function parseBindAddress(text: string): { readonly host: string | undefined; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535) {
    throw new CommandError(`Cannot serve health and metrics on "${text}": want HOST:PORT, :PORT, or 0 for none`, {
      exitCode: EXIT.usage,
    })
  }
  const host = bracketed ?? plain ?? ""
  return { host: host === "" ? undefined : host, port }
}
