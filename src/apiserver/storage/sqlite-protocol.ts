/** What the engine and its worker tell each other. Types only: the worker is loaded on its own. */
import type { DatabaseProblem } from "./storage-errors.ts"
import type { SealRule } from "./encryption/encryption-config.ts"

export type ToWorker =
  | {
      readonly do: "open"
      readonly call: number
      readonly file: string
      /** The file's largest size. */
      readonly bytesMax: number
      /** How values are written, by the first rule whose prefixes match a key. */
      readonly encryption: readonly SealRule[]
    }
  | { readonly do: "open store"; readonly call: number; readonly name: string }
  | { readonly do: "commit"; readonly call: number; readonly batch: Batch }
  /** Rows in (after, until], and before them those that they replaced. */
  | {
      readonly do: "recall"
      readonly call: number
      readonly store: number
      readonly after: number
      readonly until: number
    }
  /** Opens the file anew after it failed, and takes back what nobody was told of. */
  | { readonly do: "reopen"; readonly call: number; readonly committed: readonly Committed[] }
  | { readonly do: "drop"; readonly call: number; readonly name: string }
  /** Copies the database as it is at the end of the copying, and puts small files beside it into the copy. */
  | { readonly do: "backup"; readonly call: number; readonly target: string; readonly files: readonly BackupFile[] }
  /** Writes anew what is not as the first key says. */
  | { readonly do: "reseal"; readonly call: number }
  | { readonly do: "close"; readonly call: number }

export type FromWorker =
  /** More to come for the same call. */
  | { readonly call: number; readonly rows: Rows }
  | { readonly call: number; readonly progress: Progress }
  | { readonly call: number; readonly ok: true; readonly store?: StoreRow; readonly count?: number }
  | { readonly call: number; readonly ok: false; readonly message: string; readonly problem: DatabaseProblem }

/** Pages of the database. */
export type Progress = { readonly done: number; readonly total: number }

export type BackupFile = { readonly name: string; readonly content: Uint8Array }

export type Committed = { readonly id: number; readonly revision: number }

/** The kinds of rows. A gap stands for revisions that may have been given out and were lost in a crash. */
export const PUT = 0
export const DELETE = 1
export const GAP = 2

/** One row a write, column by column; the values lie one after the other in `data`. */
export type Batch = {
  readonly timeMs: number
  readonly stores: readonly number[]
  readonly keys: readonly string[]
  readonly revisions: readonly number[]
  readonly createRevisions: readonly number[]
  /** The revision of the value that is replaced; 0 for none. */
  readonly previous: readonly number[]
  /** -1 for a deletion. */
  readonly lengths: readonly number[]
  readonly data: ArrayBuffer
  /** The state of every store that the batch touches, after it. */
  readonly heads: readonly StoreRow[]
}

/** What the file holds, in the order of revisions, column by column. */
export type Rows = {
  readonly kinds: readonly number[]
  readonly keys: readonly string[]
  readonly revisions: readonly number[]
  readonly createRevisions: readonly number[]
  readonly previous: readonly number[]
  readonly timesMs: readonly number[]
  readonly lengths: readonly number[]
  /** Values that are not written as the first key says: indexes into the columns. */
  readonly stale: readonly number[]
  readonly data: ArrayBuffer
}

export type StoreRow = {
  readonly id: number
  /** Of the last write that is on disk. */
  readonly revision: number
  /** No revision above this has been given to a write that is not on disk; equal to `revision` when there was none. */
  readonly ceiling: number
  /** Events up to here are forgotten. */
  readonly compacted: number
}
