/** What the engine and its worker tell each other. Types only: the worker is loaded on its own. */
export type ToWorker =
  | { readonly do: "open"; readonly call: number; readonly file: string }
  | { readonly do: "load"; readonly call: number; readonly name: string }
  | { readonly do: "commit"; readonly call: number; readonly batch: Batch }
  | { readonly do: "drop"; readonly call: number; readonly name: string }
  | { readonly do: "close"; readonly call: number }

export type FromWorker =
  /** More to come for the same call. */
  | { readonly call: number; readonly rows: Rows }
  | { readonly call: number; readonly ok: true; readonly store?: StoreRow }
  | { readonly call: number; readonly ok: false; readonly message: string; readonly sqliteCode: number }

/** One row a write, column by column; the values lie one after the other in `data`. */
export type Batch = {
  readonly stores: readonly number[]
  readonly keys: readonly string[]
  readonly revisions: readonly number[]
  readonly createRevisions: readonly number[]
  /** -1 for a deletion. */
  readonly lengths: readonly number[]
  readonly data: ArrayBuffer
  /** The state of every store that the batch touches, after it. */
  readonly heads: readonly StoreRow[]
}

export type Rows = {
  readonly keys: readonly string[]
  readonly revisions: readonly number[]
  readonly createRevisions: readonly number[]
  readonly lengths: readonly number[]
  readonly data: ArrayBuffer
}

export type StoreRow = {
  readonly id: number
  /** Of the last write that is on disk. */
  readonly revision: number
  /** No revision above this has been given to a write that is not on disk; equal to `revision` when there was none. */
  readonly ceiling: number
}
