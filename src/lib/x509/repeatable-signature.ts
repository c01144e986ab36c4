import { createECDH, createHash, createHmac } from "node:crypto"
import type { KeyObject } from "node:crypto"

/** The order of P-256's group: private keys are the numbers from 1 below it. Source: SEC 2, 2.4.2. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const BYTES = 32

/** Whether {@link signRepeatably} can sign with the key. */
export function canSignRepeatably(key: KeyObject): boolean {
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1"
}

/**
 * ECDSA on P-256 with SHA-256 whose nonce comes from key and data (RFC 6979), so that signing again gives the same
 * bytes. For simulations only: the arithmetic takes a time that depends on the key, which somebody could measure.
 *
 * @returns both numbers, 32 bytes each
 */
export function signRepeatably(key: KeyObject, data: Uint8Array): Uint8Array {
  const secret = Buffer.from(key.export({ format: "jwk" }).d!, "base64url")
  const hash = numberOf(createHash("sha256").update(data).digest())
  for (const nonce of nonces(secret, bytesOf(modulo(hash)))) {
    const curve = createECDH("prime256v1")
    curve.setPrivateKey(nonce)
    // The point's x, after the byte that says that it is not compressed.
    const r = modulo(numberOf(curve.getPublicKey().subarray(1, 1 + BYTES)))
    const s = modulo(inverse(numberOf(nonce)) * (hash + r * numberOf(secret)))
    if (r !== 0n && s !== 0n) return Buffer.concat([bytesOf(r), bytesOf(s)])
  }
  throw new Error("Cannot sign: no nonce") // the generator above has no end
}

/** Source: RFC 6979, 3.2. */
function* nonces(secret: Uint8Array, hash: Uint8Array): Generator<Uint8Array> {
  let v: Uint8Array = Buffer.alloc(BYTES, 1)
  let k: Uint8Array = Buffer.alloc(BYTES, 0)
  const hmac = (...parts: readonly Uint8Array[]) => createHmac("sha256", k).update(Buffer.concat(parts)).digest()
  for (const separator of [0, 1]) {
    k = hmac(v, Uint8Array.of(separator), secret, hash)
    v = hmac(v)
  }
  for (;;) {
    v = hmac(v)
    const nonce = numberOf(v)
    if (nonce > 0n && nonce < ORDER) yield v
    k = hmac(v, Uint8Array.of(0))
    v = hmac(v)
  }
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`)
const bytesOf = (number: bigint): Uint8Array => Buffer.from(number.toString(16).padStart(2 * BYTES, "0"), "hex")
const modulo = (number: bigint): bigint => ((number % ORDER) + ORDER) % ORDER

/** Extended Euclid. */
function inverse(number: bigint): bigint {
  let [a, b, x, y] = [ORDER, modulo(number), 0n, 1n]
  while (b > 0n) {
    const quotient = a / b
    ;[a, b, x, y] = [b, a - quotient * b, y, x - quotient * y]
  }
  return modulo(x)
}
