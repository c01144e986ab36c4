/** How long history is kept for watches that come back. Source: kube-apiserver --etcd-compaction-interval. */
export const KEPT_MS = 5 * 60_000
export const KEPT_BYTES_MAX = 64 * 1024 * 1024
/** Writes and time that one mark stands for at most: what is forgotten at once. */
const MARK_WRITES_MAX = 256
const MARK_MS_MAX = 1_000
/** Marks that fall at one go, so that a commit after a pause does not carry all of it. */
const MARKS_AT_ONCE = 4

type Mark = { revision: number; readonly timeMs: number; bytes: number; writes: number }

/** Which events are too old or too many to be kept, by marks set while they were written. */
export class Retention {
  readonly #bytesMax: number
  #marks: Mark[] = []
  #bytes = 0

  constructor(bytesMax: number = KEPT_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** Takes note of a write, in the order of revisions. */
  add(revision: number, timeMs: number, bytes: number): void {
    this.#bytes += bytes
    const last = this.#marks.at(-1)
    if (last === undefined || last.writes >= MARK_WRITES_MAX || timeMs - last.timeMs >= MARK_MS_MAX) {
      this.#marks.push({ revision, timeMs, bytes, writes: 1 })
      return
    }
    last.revision = revision
    last.bytes += bytes
    last.writes++
  }

  /** @returns the revision up to which events can be forgotten now; 0 for none. They count as forgotten from then on. */
  take(nowMs: number): number {
    let taken = 0
    while (taken < MARKS_AT_ONCE && taken < this.#marks.length) {
      const mark = this.#marks[taken]!
      if (this.#bytes <= this.#bytesMax && nowMs - mark.timeMs <= KEPT_MS) break
      this.#bytes -= mark.bytes
      taken++
    }
    if (taken === 0) return 0
    const { revision } = this.#marks[taken - 1]!
    this.#marks = this.#marks.slice(taken)
    return revision
  }
}
