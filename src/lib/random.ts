import { createHash, randomBytes } from "node:crypto"

/** Randomness as an argument: the machine's in production, a seeded sequence in simulations. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
  /** A number in [0, 1). */
  fraction(): number
  /** Gives the same again for the same seed: signatures, too, are then made to repeat. Absent for the machine's. */
  readonly repeatable?: true
}

/** Drawn from the system at once: a call costs 6 µs whatever its length, and every request needs 16 bytes. */
const POOL_BYTES = 4096
let pool: Buffer = Buffer.alloc(0)
let poolAt = 0

function drawBytes(length: number): Uint8Array {
  if (length > POOL_BYTES / 4) return randomBytes(length)
  if (poolAt + length > pool.length) {
    pool = randomBytes(POOL_BYTES)
    poolAt = 0
  }
  const drawn = new Uint8Array(pool.subarray(poolAt, poolAt + length))
  // What was handed out may become a key: the pool forgets it.
  pool.fill(0, poolAt, poolAt + length)
  poolAt += length
  return drawn
}

/** Cryptographically strong randomness. */
export const realRandom: Random = {
  bytes: drawBytes,
  fraction: () => Buffer.from(drawBytes(4)).readUInt32BE() / 0x1_0000_0000,
}

/** The same sequence for the same seed (mulberry32). Never for secrets outside a simulation. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
  return {
    repeatable: true,
    fraction: next,
    bytes(length) {
      const out = new Uint8Array(length)
      for (let i = 0; i < length; i++) out[i] = Math.floor(next() * 256)
      return out
    },
  }
}

/** A sequence of its own for each name: what one part draws does not shift what another gets. */
export function seedFor(seed: number, name: string): number {
  return createHash("sha256").update(`${seed} ${name}`).digest().readUInt32BE()
}

/** An integer in [0, below). */
export function randomInt(random: Random, below: number): number {
  return Math.floor(random.fraction() * below)
}

/** A version 4 UUID. */
export function uuid(random: Random): string {
  const b = random.bytes(16)
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = Buffer.from(b).toString("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** `length` characters of `alphabet`. */
export function randomText(random: Random, length: number, alphabet: string): string {
  let out = ""
  for (const byte of random.bytes(length)) out += alphabet[byte % alphabet.length]
  return out
}

/** What Kubernetes draws generated names from: no vowels, no look-alikes. Source: apimachinery util/rand. */
export const NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
