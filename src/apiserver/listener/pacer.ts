import type { Clock } from "#lib/clock.ts"

/** What of all streams together is handed to Node at a time. */
const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024
/** How long nothing may be taken until others are let past. */
const WAIT_MS_MAX = 100

/**
 * Lets streams send one after another. Node makes frames of what it is handed, and encrypts them, at once: a copy for each
 * stream, while what waits before that is shared by all who are told the same. One commit may be 40 KB to each of
 * thousands.
 */
export class Pacer {
  readonly #clock: Clock
  #inFlight = 0
  #waiting: (() => void)[] = []
  #isChecking = false
  #hasMoved = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Bytes that streams have not been able to hand over; what is told to several is counted for each. */
  waitingBytes = 0

  get isCrowded(): boolean {
    return this.#inFlight >= IN_FLIGHT_BYTES_MAX
  }

  /** Calls `send` once, when it is not crowded any more, or when nobody takes anything. */
  wait(send: () => void): void {
    this.#waiting.push(send)
    this.#checkLater()
  }

  #checkLater(): void {
    if (this.#isChecking) return
    this.#isChecking = true
    this.#clock.setTimer(WAIT_MS_MAX, () => this.#check())
  }

  /** Streams that are stuck are held up by their own windows, and cost nothing more: the others need not wait for them. */
  #check(): void {
    this.#isChecking = false
    const isStuck = !this.#hasMoved
    this.#hasMoved = false
    if (isStuck) for (const send of this.#waiting.splice(0)) send()
    if (this.#waiting.length > 0) this.#checkLater()
  }

  /** @param bytes  below 0 when they have been sent */
  count(bytes: number): void {
    this.#inFlight += bytes
    if (bytes >= 0) return
    this.#hasMoved = true
    let next = 0
    while (next < this.#waiting.length && !this.isCrowded) this.#waiting[next++]!()
    if (next > 0) this.#waiting.splice(0, next)
  }
}
