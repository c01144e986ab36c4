import type { Rows } from "./sqlite-protocol.ts"

const CHUNK_BYTES = 1024 * 1024
/** Rows without a value weigh something too. */
const CHUNK_ROWS = 5_000

type Row = {
  readonly kind: number
  readonly key: string
  readonly revision: number
  readonly create_revision: number
  readonly previous: number
  readonly time_ms: number
}

/** Gathers rows into messages of bounded size. */
export class RowChunks {
  readonly #send: (rows: Rows) => void
  #columns = emptyColumns()
  #values: Uint8Array[] = []
  #bytes = 0

  constructor(send: (rows: Rows) => void) {
    this.#send = send
  }

  add(row: Row, value: Uint8Array | undefined, stale: boolean): void {
    const columns = this.#columns
    if (stale) columns.stale.push(columns.keys.length)
    columns.kinds.push(row.kind)
    columns.keys.push(row.key)
    columns.revisions.push(row.revision)
    columns.createRevisions.push(row.create_revision)
    columns.previous.push(row.previous)
    columns.timesMs.push(row.time_ms)
    columns.lengths.push(value?.length ?? -1)
    if (value !== undefined) {
      this.#values.push(value)
      this.#bytes += value.length
    }
    if (this.#bytes >= CHUNK_BYTES || columns.keys.length >= CHUNK_ROWS) this.#flush()
  }

  end(): void {
    if (this.#columns.keys.length > 0) this.#flush()
  }

  #flush(): void {
    const data = new Uint8Array(this.#bytes)
    let at = 0
    for (const value of this.#values) {
      data.set(value, at)
      at += value.length
    }
    this.#send({ ...this.#columns, data: data.buffer })
    this.#columns = emptyColumns()
    this.#values = []
    this.#bytes = 0
  }
}

const emptyColumns = () => ({
  kinds: [] as number[],
  keys: [] as string[],
  revisions: [] as number[],
  createRevisions: [] as number[],
  previous: [] as number[],
  timesMs: [] as number[],
  lengths: [] as number[],
  stale: [] as number[],
})
