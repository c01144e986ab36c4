import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { Pacer } from "./pacer.ts"
import { pacedSink } from "./paced-sink.ts"

/** Takes what it is given when it is told to. */
class Reader {
  readonly taken: Uint8Array[] = []
  destroyed = false
  ended = false
  #unsent: { readonly chunk: Uint8Array; readonly sent: (() => void) | undefined }[] = []
  #close: (() => void) | undefined
  #timeout: (() => void) | undefined

  write(chunk: Uint8Array, sent?: () => void): boolean {
    this.#unsent.push({ chunk, sent })
    return true
  }
  cork(): void {}
  uncork(): void {}
  end(): void {
    this.ended = true
  }
  destroy(): void {
    this.destroyed = true
    this.#close?.()
  }
  once(_: "close", listener: () => void): void {
    this.#close = listener
  }
  setTimeout(_: number, callback: () => void): void {
    this.#timeout = callback
  }
  /** Bytes that it was handed and has not taken. */
  get held(): number {
    return this.#unsent.reduce((sum, { chunk }) => sum + chunk.length, 0)
  }
  take(): void {
    const next = this.#unsent.shift()
    if (next === undefined) return
    this.taken.push(next.chunk)
    next.sent?.()
  }
  takeAll(): void {
    while (this.#unsent.length > 0) this.take()
  }
  stall(): void {
    this.#timeout?.()
  }
}

const KB = 1024
const chunk = (bytes: number, fill = 1) => new Uint8Array(bytes).fill(fill)

test("pacedSink: what is written comes in order, in whatever steps it is taken, and then the end", () => {
  const step = fc.oneof(
    fc.nat(200 * KB).map((bytes) => ({ bytes })),
    fc.constant("take" as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const reader = new Reader()
      const pacer = new Pacer(newVirtualClock(0))
      const sink = pacedSink(reader, pacer, 1)
      const written: Uint8Array[] = []
      for (const [i, one] of steps.entries()) {
        if (one === "take") reader.take()
        else sink.write(written[written.push(chunk(one.bytes, i)) - 1]!)
        assert.ok(reader.held <= 64 * KB)
      }
      sink.end()
      reader.takeAll()
      assert.equal(Buffer.compare(Buffer.concat(reader.taken), Buffer.concat(written)), 0)
      assert.deepEqual([reader.ended, pacer.waitingBytes, pacer.isCrowded], [true, 0, false])
    }),
    { numRuns: 50 },
  )
})

test("pacedSink: write tells what has not been taken", () => {
  const reader = new Reader()
  const sink = pacedSink(reader, new Pacer(newVirtualClock(0)), 1)
  assert.deepEqual([sink.write(chunk(10)), sink.write(chunk(200 * KB))], [10, 10 + 200 * KB])
  reader.takeAll()
  assert.equal(sink.write(chunk(5)), 5)
})

test("pacedSink: a stream that takes nothing is broken off, and one that has nothing to take is not", () => {
  const [idle, stuck] = [new Reader(), new Reader()]
  const pacer = new Pacer(newVirtualClock(0))
  pacedSink(idle, pacer, 1).write(chunk(1))
  idle.takeAll()
  pacedSink(stuck, pacer, 1).write(chunk(100 * KB))
  idle.stall()
  stuck.stall()
  assert.deepEqual([idle.destroyed, stuck.destroyed, pacer.waitingBytes], [false, true, 0])
})

test("Pacer: streams of thousands are sent one after another", () => {
  const pacer = new Pacer(newVirtualClock(0))
  const shared = chunk(60 * KB)
  const readers = Array.from({ length: 1_000 }, () => new Reader())
  for (const reader of readers) pacedSink(reader, pacer, 1).write(shared)
  const held = () => readers.reduce((sum, reader) => sum + reader.held, 0)
  assert.ok(held() <= 17 * KB * KB)
  for (let rounds = 0; pacer.waitingBytes > 0 && rounds < 10; rounds++) {
    for (const reader of readers) reader.takeAll()
    assert.ok(held() <= 17 * KB * KB)
  }
  for (const reader of readers) reader.takeAll()
  assert.ok(readers.every((reader) => Buffer.concat(reader.taken).length === shared.length))
})

test("Pacer: those who take nothing do not hold up the others for long", async () => {
  const clock = newVirtualClock(0)
  const pacer = new Pacer(clock)
  for (let i = 0; i < 300; i++) pacedSink(new Reader(), pacer, 1).write(chunk(64 * KB))
  assert.equal(pacer.isCrowded, true)
  const other = new Reader()
  pacedSink(other, pacer, 1).write(chunk(1))
  assert.equal(other.held, 0)
  await clock.advance(100)
  assert.equal(other.held, 1)
  assert.equal(clock.timerCount, 0)
})
