import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"

/** A line of the answer before the file's bytes. */
type Line = { readonly done?: number; readonly total?: number; readonly size?: number }

const NEWLINE = 10
const LINE_BYTES_MAX = 64 * 1024

/** Takes the answer of the backup endpoint apart: lines of progress, then a file of the size that the last of them names. */
export class BackupReader {
  readonly #handle: number
  readonly #say: (text: string) => void
  #rest: Buffer = Buffer.alloc(0)
  #size: number | undefined
  #written = 0

  /** @param target  must not be there; readable by its owner only */
  constructor(target: string, say: (text: string) => void) {
    this.#handle = openSync(target, "wx", 0o600)
    this.#say = say
  }

  /** @throws Error for an answer of another kind, or a disk that is full */
  write(chunk: Uint8Array): void {
    if (this.#size !== undefined) return this.#append(chunk)
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (let at = this.#rest.indexOf(NEWLINE); at >= 0; at = this.#rest.indexOf(NEWLINE)) {
      const line = JSON.parse(this.#rest.subarray(0, at).toString()) as Line
      this.#rest = this.#rest.subarray(at + 1)
      if (line.size === undefined) {
        this.#say(`copying: ${Math.floor(((line.done ?? 0) * 100) / Math.max(line.total ?? 0, 1))} %`)
        continue
      }
      this.#size = line.size
      return this.#append(this.#rest)
    }
    if (this.#rest.length > LINE_BYTES_MAX) throw new Error("the server's answer is no backup")
  }

  /** @throws Error when something is missing */
  end(): void {
    if (this.#written !== this.#size)
      throw new Error(`the backup broke off after ${this.#written} of ${this.#size ?? "an unknown number of"} bytes`)
    fsyncSync(this.#handle)
  }

  close(): void {
    closeSync(this.#handle)
  }

  #append(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) at += writeSync(this.#handle, chunk, at)
    this.#written += chunk.length
    this.#say(`received: ${Math.floor((this.#written * 100) / Math.max(this.#size ?? 0, 1))} %`)
  }
}
