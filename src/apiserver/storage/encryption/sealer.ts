// Values as they lie on disk. Source: k8s.io/apiserver storage/value/encrypt/aes: the prefix names provider and key, then come
// nonce, ciphertext and tag; the storage key is authenticated with the value, so that no value passes for another object's.
import { createCipheriv, createDecipheriv, type CipherGCMTypes } from "node:crypto"
import type { Random } from "#lib/random.ts"
import { DatabaseError } from "#apiserver/storage/storage-errors.ts"
import { providersFor, type SealKey, type SealProvider, type SealRule } from "./encryption-config.ts"

const PREFIX = "k8s:enc:"
const GCM_NONCE_LENGTH = 12
const GCM_TAG_LENGTH = 16
const CBC_IV_LENGTH = 16
/** A prefix is looked for in no more than this: names of keys are short. */
const PREFIX_LENGTH_MAX = 1_024

export type Opened = {
  readonly value: Uint8Array
  /** It was not written as the first provider writes. */
  readonly stale: boolean
}

export interface Sealer {
  seal(key: string, value: Uint8Array): Uint8Array
  /** @throws DatabaseError when the key is missing or the value was changed */
  open(key: string, stored: Uint8Array): Opened
}

/** @param rules  none: values are written as they are; encrypted ones cannot be read */
export function newSealer(rules: readonly SealRule[], random: Random): Sealer {
  const known = new Map<string, readonly SealProvider[]>()
  const providersOf = (key: string) => {
    // Of `/registry/GROUP/RESOURCE/…` the part that decides.
    const root = key.split("/", 4).join("/")
    let providers = known.get(root)
    if (providers === undefined) known.set(root, (providers = providersFor(rules, key)))
    return providers
  }
  return {
    seal(key, value) {
      const writer = providersOf(key)[0]
      if (writer === undefined || writer.type === "identity") return value
      const used = writer.keys[0]!
      return seal(writer.type, used, key, value, random)
    },
    open(key, stored) {
      const providers = providersOf(key)
      const head = readHead(stored)
      if (head === undefined) {
        if (providers.length === 0) return { value: stored, stale: false }
        if (providers.some(({ type }) => type === "identity"))
          return { value: stored, stale: providers[0]!.type !== "identity" }
        const why = "is not encrypted, and the encryption configuration does not name identity among its providers"
        throw new DatabaseError("no key", `${key} ${why}`)
      }
      for (const [i, provider] of providers.entries()) {
        if (provider.type === "identity" || provider.type !== head.type) continue
        const at = provider.keys.findIndex((candidate) => candidate.name === head.key)
        if (at < 0) continue
        return { value: unseal(provider.keys[at]!, head, key, stored), stale: i > 0 || at > 0 }
      }
      throw new DatabaseError(
        "no key",
        `${key} is encrypted with ${head.type} key "${head.key}", which the encryption configuration does not have`,
      )
    },
  }
}

type Head = { readonly type: string; readonly key: string; readonly length: number }

/** @returns undefined for a value that is not encrypted */
function readHead(stored: Uint8Array): Head | undefined {
  const text = Buffer.from(stored.buffer, stored.byteOffset, Math.min(stored.length, PREFIX_LENGTH_MAX)).toString(
    "latin1",
  )
  const match = /^k8s:enc:([a-z]+):v1:([^:]+):/.exec(text)
  if (match === null) return undefined
  return { type: match[1]!, key: Buffer.from(match[2]!, "latin1").toString("utf8"), length: match[0].length }
}

const cipherName = (type: string, key: SealKey) => `aes-${key.secret.length * 8}-${type === "aesgcm" ? "gcm" : "cbc"}`

function seal(
  type: "aesgcm" | "aescbc",
  key: SealKey,
  storageKey: string,
  value: Uint8Array,
  random: Random,
): Uint8Array {
  const prefix = Buffer.from(`${PREFIX}${type}:v1:${key.name}:`)
  if (type === "aescbc") {
    const iv = random.bytes(CBC_IV_LENGTH)
    const cipher = createCipheriv(cipherName(type, key), key.secret, iv)
    return Buffer.concat([prefix, iv, cipher.update(value), cipher.final()])
  }
  const nonce = random.bytes(GCM_NONCE_LENGTH)
  const cipher = createCipheriv(cipherName(type, key) as CipherGCMTypes, key.secret, nonce)
  cipher.setAAD(Buffer.from(storageKey))
  return Buffer.concat([prefix, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
}

function unseal(key: SealKey, head: Head, storageKey: string, stored: Uint8Array): Uint8Array {
  const body = stored.subarray(head.length)
  try {
    if (head.type === "aescbc") {
      const decipher = createDecipheriv(cipherName(head.type, key), key.secret, body.subarray(0, CBC_IV_LENGTH))
      return Buffer.concat([decipher.update(body.subarray(CBC_IV_LENGTH)), decipher.final()])
    }
    const nonce = body.subarray(0, GCM_NONCE_LENGTH)
    const decipher = createDecipheriv(cipherName(head.type, key) as CipherGCMTypes, key.secret, nonce, {
      authTagLength: GCM_TAG_LENGTH,
    })
    decipher.setAAD(Buffer.from(storageKey))
    decipher.setAuthTag(body.subarray(-GCM_TAG_LENGTH))
    return Buffer.concat([decipher.update(body.subarray(GCM_NONCE_LENGTH, -GCM_TAG_LENGTH)), decipher.final()])
  } catch (error) {
    throw new DatabaseError(
      "no key",
      `${storageKey} cannot be decrypted: key "${head.key}" has another secret than the one that it was written with, or the value was changed`,
      { cause: error },
    )
  }
}
