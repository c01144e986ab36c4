import type { ExtendedUsage, KeyUsage } from "#lib/x509/extensions.ts"

/** What certificates.k8s.io calls the uses of a key, as bits of KeyUsage. `signing` is a second name of the first. */
export const KEY_USAGE_OF: Readonly<Record<string, KeyUsage>> = {
  signing: "digitalSignature",
  "digital signature": "digitalSignature",
  "content commitment": "contentCommitment",
  "key encipherment": "keyEncipherment",
  "key agreement": "keyAgreement",
  "data encipherment": "dataEncipherment",
  "cert sign": "keyCertSign",
  "crl sign": "cRLSign",
  "encipher only": "encipherOnly",
  "decipher only": "decipherOnly",
}

/** The same for extended key usages. */
export const EXTENDED_USAGE_OF: Readonly<Record<string, ExtendedUsage>> = {
  any: "any",
  "server auth": "serverAuth",
  "client auth": "clientAuth",
  "code signing": "codeSigning",
  "email protection": "emailProtection",
  "s/mime": "emailProtection",
  "ipsec end system": "ipsecEndSystem",
  "ipsec tunnel": "ipsecTunnel",
  "ipsec user": "ipsecUser",
  timestamping: "timeStamping",
  "ocsp signing": "ocspSigning",
  "microsoft sgc": "microsoftSgc",
  "netscape sgc": "netscapeSgc",
}

/** Every usage that a CertificateSigningRequest may ask for, in the order in which refusals list them. */
export const CERTIFICATE_USAGES: readonly string[] = [
  ...Object.keys(KEY_USAGE_OF),
  ...Object.keys(EXTENDED_USAGE_OF),
].sort()
