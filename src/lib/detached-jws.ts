// JSON Web Signatures whose content stands beside them (RFC 7515 appendix F), with a shared secret: how a Kubernetes signs
// `cluster-info` with its bootstrap tokens. Source: k8s.io/cluster-bootstrap token/jws.
import { createHmac, timingSafeEqual } from "node:crypto"

const encode = (text: string) => Buffer.from(text).toString("base64url")

function macOf(header: string, content: string, secret: string): Buffer {
  return createHmac("sha256", secret)
    .update(`${header}.${encode(content)}`)
    .digest()
}

/** @returns `HEADER..SIGNATURE`, by HMAC-SHA256 */
export function signDetached(content: string, key: { readonly id: string; readonly secret: string }): string {
  const header = encode(JSON.stringify({ alg: "HS256", kid: key.id }))
  return `${header}..${macOf(header, content, key.secret).toString("base64url")}`
}

/** Whether who made the signature had this key and signed this content. */
export function isSignedDetached(
  signature: string,
  content: string,
  key: { readonly id: string; readonly secret: string },
): boolean {
  const [header = "", payload, mac = "", ...more] = signature.split(".")
  if (payload !== "" || more.length > 0 || !isHeader(header, key.id)) return false
  const [given, wanted] = [Buffer.from(mac, "base64url"), macOf(header, content, key.secret)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** Only this one algorithm: a signature must not choose how it is checked. */
function isHeader(header: string, id: string): boolean {
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { alg?: unknown; kid?: unknown }
    return alg === "HS256" && kid === id
  } catch {
    return false
  }
}
