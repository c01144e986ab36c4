import { hash } from "node:crypto"
import { BoundedMap } from "#lib/bounded-map.ts"
import { certificateChainOf, distrustReason, issuersAmong, parseCertificate } from "#lib/x509/certificate.ts"
import type { Certificate } from "#lib/x509/certificate.ts"
import { EXTRA_CREDENTIAL_ID } from "./token.ts"
import { withAuthenticatedGroup } from "./user.ts"
import type { UserInfo } from "./user.ts"

/** Certificates whose signature has been judged, by fingerprint: one for each client, about 2 KB. */
const JUDGED_MAX = 20_000

type Judged = {
  readonly certificate: Certificate
  readonly issuers: readonly Certificate[]
  readonly user: UserInfo | undefined
}

/**
 * Users by client certificate: the common name is the user, organizations are the groups.
 *
 * @param clientCas  PEM bundle of the authorities that are trusted
 * @returns judges the DER of a certificate: its user; undefined when it names none. Throws an Error that says why a
 *   certificate is not trusted.
 */
export function newClientCertificateAuthenticator(
  clientCas: string,
): (der: Uint8Array, nowMs: number) => UserInfo | undefined {
  const authorities = certificateChainOf(clientCas)
  const judged = new BoundedMap<string, Judged>(JUDGED_MAX)
  // A connection shows the same bytes with each of its requests.
  const shown = new WeakMap<Uint8Array, Judged>()
  const judge = (der: Uint8Array) => {
    const fingerprint = hash("sha256", der, "hex")
    const found = judged.getOrMake(fingerprint, () => {
      const read = parseCertificate(der)
      return { certificate: read, issuers: issuersAmong(authorities, read), user: userOf(read, fingerprint) }
    })
    shown.set(der, found)
    return found
  }
  return (der, nowMs) => {
    const { certificate, issuers, user } = shown.get(der) ?? judge(der)
    const reason = distrustReason(certificate, { issuers, nowMs, usage: "clientAuth" })
    if (reason !== undefined) throw new Error(`Cannot accept client certificate ${certificate.serial}: ${reason}`)
    return user
  }
}

function userOf({ subject }: Certificate, fingerprint: string): UserInfo | undefined {
  const { commonName, organizations, userUids } = subject
  if (commonName === "") return undefined
  if (userUids.length > 1 || userUids[0] === "")
    throw new Error("Cannot accept client certificate: want one uid in its subject")
  return withAuthenticatedGroup({
    name: commonName,
    ...(userUids[0] === undefined ? {} : { uid: userUids[0] }),
    groups: organizations,
    extra: { [EXTRA_CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] },
  })
}
