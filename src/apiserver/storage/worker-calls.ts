import type { Worker } from "node:worker_threads"
import { DatabaseError } from "./storage-errors.ts"
import type { FromWorker, Progress, Rows, StoreRow, ToWorker } from "./sqlite-protocol.ts"

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never

type Answer = { readonly store?: StoreRow; readonly count?: number }

type CallOptions = {
  readonly rows?: (rows: Rows) => void
  readonly progress?: (progress: Progress) => void
  readonly transfer?: ArrayBuffer[]
}

/** Calls to the storage thread. The thread keeps the process alive only while one is open. */
export class WorkerCalls {
  readonly #worker: Worker
  readonly #open = new Map<number, CallOptions & { resolve(answer: Answer): void; reject(error: Error): void }>()
  #next = 1
  #died: Error | undefined

  constructor(worker: Worker) {
    this.#worker = worker
    worker.unref()
    worker.on("message", (message: FromWorker) => this.#take(message))
    worker.on("error", (error) => this.#fail(error as Error))
    worker.on("exit", (code) => this.#fail(new Error(`storage thread ended with code ${code}`)))
  }

  /** @throws DatabaseError as the thread found it, Error when the thread is no more */
  call(message: DistributiveOmit<ToWorker, "call">, options: CallOptions = {}): Promise<Answer> {
    if (this.#died !== undefined) return Promise.reject(this.#died)
    return new Promise((resolve, reject) => {
      const call = this.#next++
      this.#open.set(call, { ...options, resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ ...message, call }, options.transfer ?? [])
    })
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #take(message: FromWorker): void {
    const waiting = this.#open.get(message.call)
    if (waiting === undefined) return
    if ("rows" in message) return waiting.rows?.(message.rows)
    if ("progress" in message) return waiting.progress?.(message.progress)
    this.#open.delete(message.call)
    if (this.#open.size === 0) this.#worker.unref()
    if (message.ok) waiting.resolve(message)
    else waiting.reject(new DatabaseError(message.problem, message.message))
  }

  #fail(error: Error): void {
    this.#died ??= error
    for (const waiting of this.#open.values()) waiting.reject(this.#died)
    this.#open.clear()
  }
}
