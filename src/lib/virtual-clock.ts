import type { Clock, Timer } from "./clock.ts"
import { newHeap } from "./heap.ts"

/**
 * A clock that moves only when it is told to. Timers run in the order of their times, those of one instant in the
 * order of their creation, and after each timer everything that it set off comes to rest before the next one runs.
 */
export interface VirtualClock extends Clock {
  /** Moves time forward by `ms`, running what falls due on the way, and ends at rest. */
  advance(ms: number): Promise<void>
  /**
   * Runs timers until the wall time `until` is reached, or until it holds.
   *
   * @param until  milliseconds since the epoch, or a condition, asked after every timer
   * @param limitMs  the most virtual time to spend on a condition; default one hour
   * @returns whether the condition held; true for a time
   */
  runUntil(until: number | (() => boolean), limitMs?: number): Promise<boolean>
  /** Waits until nothing runs any more without time moving. */
  settle(): Promise<void>
  /** Timers that wait, for tests that look for leaks. */
  readonly timerCount: number
}

type Entry = { readonly atMs: number; readonly order: number; callback: (() => void) | undefined }

/** Turns of the event loop without a timer set or cancelled after which everything counts as at rest. */
const QUIET_TURNS = 2

/** Without a limit a condition that never holds would follow periodic timers for ever. */
const RUN_LIMIT_MS_DEFAULT = 3_600_000

/**
 * @param startMs  the first wall time, milliseconds since the epoch
 *
 * "At rest" is found by turns of the event loop: Node empties the queues of promises and process.nextTick entirely
 * before a setImmediate callback runs, so that one turn carries a chain of promises of any length to its end. Code
 * that yields to the loop itself (setImmediate in lib, a stream) goes on in later turns; turns are therefore taken
 * until two in a row have set or cancelled no timer. Work of other threads and sockets is not waited for: a
 * simulation has none.
 */
export function newVirtualClock(startMs: number): VirtualClock {
  const heap = newHeap<Entry>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order))
  let nowMs = startMs
  let order = 0
  let activity = 0
  let waiting = 0
  let running = false

  const settle = async () => {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const before = activity
      await turn()
      quiet = activity === before ? quiet + 1 : 0
    }
  }

  const nextEntry = (): Entry | undefined => {
    for (;;) {
      const entry = heap.peek()
      if (entry === undefined || entry.callback !== undefined) return entry
      heap.pop()
    }
  }

  /** Runs the next timer if it is due by `limit`. @returns whether one ran */
  const step = async (limit: number): Promise<boolean> => {
    const entry = nextEntry()
    if (entry === undefined || entry.atMs > limit) return false
    heap.pop()
    nowMs = Math.max(nowMs, entry.atMs)
    const { callback } = entry
    entry.callback = undefined
    waiting--
    callback?.()
    await settle()
    return true
  }

  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running) throw new Error("Cannot run virtual clock: it is running already")
    running = true
    try {
      return await work()
    } finally {
      running = false
    }
  }

  const runTo = (untilMs: number) =>
    exclusively(async () => {
      await settle()
      while (await step(untilMs));
      nowMs = Math.max(nowMs, untilMs)
    })

  return {
    nowMs: () => nowMs,
    setTimer(delayMs, callback): Timer {
      const entry: Entry = { atMs: nowMs + Math.max(delayMs, 0), order: order++, callback }
      activity++
      waiting++
      heap.push(entry)
      return {
        cancel() {
          if (entry.callback === undefined) return
          entry.callback = undefined
          activity++
          waiting--
        },
      }
    },
    advance: (ms) => runTo(nowMs + ms),
    async runUntil(until, limitMs = RUN_LIMIT_MS_DEFAULT) {
      if (typeof until === "number") {
        await runTo(until)
        return true
      }
      return exclusively(async () => {
        const limit = nowMs + limitMs
        await settle()
        while (!until()) if (!(await step(limit))) return until()
        return true
      })
    },
    settle: () => exclusively(settle),
    get timerCount() {
      return waiting
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
