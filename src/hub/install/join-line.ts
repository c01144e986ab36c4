import { createHash } from "node:crypto"
import { decodePem, encodePem } from "#lib/x509/pem.ts"

/** What a cluster needs to know of the hub to join it. */
export type JoinAddress = {
  readonly server: string
  readonly token: string
  /** PEM of the authority of the hub's certificate; absent where the system's authorities know it. */
  readonly ca?: string
  /** Who joins, where the token says so. */
  readonly cluster?: string
}

/** The line that a person copies to the cluster that shall join. */
export function joinLine({ server, token, ca, cluster = "<cluster_name>" }: JoinAddress): string {
  const hash = ca === undefined ? "" : ` --hub-ca-hash ${authorityHashes(ca)[0]}`
  return `hawser join --hub-token ${token} --hub-apiserver ${server}${hash} --cluster-name ${cluster}`
}

/** `sha256:` and the digest of each certificate's DER, in hexadecimal: short enough for a command line. */
export function authorityHashes(ca: string): string[] {
  return decodePem(ca).map(({ der }) => hashOf(der))
}

/** Those certificates of a bundle that have this hash, as PEM. */
export function authoritiesWith(ca: string, hash: string): string {
  const known = decodePem(ca).filter(({ der }) => hashOf(der) === hash)
  return known.map(({ label, der }) => encodePem(label, der)).join("")
}

const hashOf = (der: Uint8Array) => `sha256:${createHash("sha256").update(der).digest("hex")}`
