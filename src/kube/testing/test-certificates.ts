import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"

/** An authority for one test, and certificates that it issues. All PEM. */
export function newTestAuthority(commonName = "test-ca") {
  const ca = newCertificateAuthority({ commonName, clock: realClock, random: realRandom })
  return {
    ca: ca.certificatePem,
    issue(name: string, usage: "serverAuth" | "clientAuth"): { cert: string; key: string } {
      const key = newPrivateKey(realRandom)
      const certificate = signCertificate({
        ca,
        random: realRandom,
        subject: { commonName: name, organizations: [] },
        publicKey: key,
        notBeforeMs: realClock.nowMs() - DAY_MS,
        notAfterMs: realClock.nowMs() + DAY_MS,
        usages: [usage],
        ...(usage === "serverAuth" ? { dnsNames: [name, "localhost"], ipAddresses: ["127.0.0.1"] } : {}),
      })
      return { cert: certificatePem(certificate), key: privateKeyPem(key) }
    },
  }
}
