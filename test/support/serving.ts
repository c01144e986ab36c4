// Authorities and serving certificates for 127.0.0.1, as PEM.
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"

export type Serving = { readonly ca: string; readonly cert: string; readonly key: string }

/** A server's certificate from an authority that nobody else has. */
export function newServing(name: string): Serving {
  const ca = newCertificateAuthority({ commonName: name, clock: realClock, random: realRandom })
  const key = newPrivateKey(realRandom)
  const nowMs = realClock.nowMs()
  const certificate = signCertificate({
    ca,
    random: realRandom,
    subject: { commonName: "kube-apiserver", organizations: [] },
    publicKey: key,
    notBeforeMs: nowMs - 300_000,
    notAfterMs: nowMs + 30 * DAY_MS,
    usages: ["serverAuth"],
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
  })
  return { ca: ca.certificatePem, cert: certificatePem(certificate), key: privateKeyPem(key) }
}
