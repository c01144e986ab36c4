import { isIP } from "node:net"
import { hostPort, type Endpoint } from "./outbound.ts"

type NodeError = Error & {
  readonly code?: string
  readonly syscall?: string
  /** Of the certificate whose names do not fit. */
  readonly cert?: { readonly subjectaltname?: string }
}

const CONNECT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
  EINVAL: "connect: invalid argument",
}

const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
])

/** Why a server could not be asked, as Go's client says it: Kubernetes hands these texts on to its own clients. */
export function networkErrorText(error: unknown, endpoint: Endpoint): string {
  const { code = "", message, cert } = (error ?? new Error("EOF")) as NodeError
  const { host, port, serverName } = endpoint
  if (code in CONNECT) return `dial tcp ${hostPort(host, port)}: ${CONNECT[code]}`
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${host}: no such host`
  if (UNKNOWN_AUTHORITY.has(code))
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `tls: failed to verify certificate: x509: ${wrongName(serverName, cert?.subjectaltname ?? "")}`
  if (code === "EPROTO" && message.includes("wrong version number"))
    return "http: server gave HTTP response to HTTPS client"
  if (code === "ECONNRESET" || code === "EPIPE") return "EOF"
  return message
}

/** @param names  `DNS:a, DNS:b, IP Address:127.0.0.1` */
function wrongName(wanted: string, names: string): string {
  const all = names.split(", ").map((name) => /^(DNS|IP Address):(.*)$/.exec(name) ?? ["", "", ""])
  const isAddress = isIP(wanted) !== 0
  const fitting = all.filter(([, type]) => type === (isAddress ? "IP Address" : "DNS")).map(([, , name]) => name!)
  if (fitting.length > 0) return `certificate is valid for ${fitting.join(", ")}, not ${wanted}`
  return isAddress
    ? `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${wanted}`
}
