import type { HttpRequest, HttpResponse } from "./http.ts"

/** A server elsewhere that somebody's configuration names: a webhook, an aggregated API server. */
export type Endpoint = {
  /** Where to connect: a name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** What its certificate must name, and what the Host header says: `hook.default.svc`, or the host. */
  readonly serverName: string
  /** PEM of the authorities that may have signed its certificate; those of the machine when absent. */
  readonly authorities?: string
  /** Its certificate is not looked at. */
  readonly insecure?: boolean
  /** PEM of the certificate and key that the caller proves itself with. */
  readonly client?: { readonly certificate: string; readonly key: string }
}

/** A request whose headers may have several values, each of which is sent as one of its own. */
export type OutboundRequest = Omit<HttpRequest, "headers"> & {
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

/** As a Transport. The answer to a request for another protocol may be a 101 with the connection. */
export type OutboundTransport = (request: OutboundRequest) => Promise<HttpResponse>

/**
 * HTTPS to servers elsewhere. Its transports throw a ConnectionError in the words of Go's client, which Kubernetes hands on
 * to its own clients: `dial tcp 127.0.0.1:1: connect: connection refused`.
 */
export interface Outbound {
  transport(endpoint: Endpoint): OutboundTransport
  /** Lets go of the connections that nobody uses. */
  close(): void
}

/** For servers without a network: nobody can be reached. */
export const NO_OUTBOUND: Outbound = {
  transport:
    ({ host, port }) =>
    (): Promise<HttpResponse> =>
      Promise.reject(new Error(`dial tcp ${hostPort(host, port)}: connect: network is unreachable`)),
  close: () => {},
}

/** `[::1]:443`, `hook.default.svc:443` */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`
}
