// The thread that owns the database file. It does one thing at a time in the order in which it was told; only a backup goes on
// beside the rest.
import type { DatabaseSync } from "node:sqlite"
import { parentPort } from "node:worker_threads"
import { realRandom } from "#lib/random.ts"
import { backupDatabase } from "./backup-copy.ts"
import { newSealer, type Sealer } from "./encryption/sealer.ts"
import { LogTable } from "./log-table.ts"
import { asDatabaseError, openDatabase, scalar } from "./sqlite-format.ts"
import type { FromWorker, Rows, StoreRow, ToWorker } from "./sqlite-protocol.ts"

let file: string
let bytesMax: number
let sealer: Sealer
let database: DatabaseSync | undefined
let log: LogTable

function openFile(): void {
  database = openDatabase(file)
  // Rounded up, so that a bound below one page is one.
  const pages = Math.ceil(bytesMax / scalar(database, "PRAGMA page_size"))
  database.exec(`PRAGMA max_page_count = ${pages}`)
  log = new LogTable(database, sealer)
}

function reopen(message: ToWorker & { do: "reopen" }): void {
  try {
    database?.close()
  } catch {
    // It failed before: what counts is whether it opens again.
  }
  database = undefined
  openFile()
  // After a sync that failed, the kernel may hold pages for clean that no disk has. Everything goes from the log into the
  // file and is synced there before a write may be acknowledged again.
  database!.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  log.rewind(message.committed)
}

function opened(): DatabaseSync {
  if (database === undefined) throw new Error("the file could not be opened again")
  return database
}

type Answer = { readonly store?: StoreRow; readonly count?: number }

function carryOut(message: ToWorker): Answer | Promise<Answer> {
  const send = (rows: Rows) => parentPort?.postMessage({ call: message.call, rows } satisfies FromWorker, [rows.data])
  if (message.do !== "open" && message.do !== "reopen") opened()
  switch (message.do) {
    case "open":
      ;({ file, bytesMax } = message)
      sealer = newSealer(message.encryption, realRandom)
      openFile()
      return {}
    case "open store":
      return { store: log.openStore(message.name) }
    case "commit":
      log.commit(message.batch)
      return {}
    case "recall":
      log.recall(message.store, message.after, message.until, send)
      return {}
    case "reopen":
      reopen(message)
      return {}
    case "drop":
      log.drop(message.name)
      return {}
    case "backup":
      return backupDatabase(opened(), message.target, message.files, (progress) =>
        parentPort?.postMessage({ call: message.call, progress } satisfies FromWorker),
      ).then(() => ({}))
    case "reseal":
      return { count: log.reseal() }
    case "close":
      opened().close()
      return {}
  }
}

function fail(call: number, error: unknown): void {
  const { message, problem } = asDatabaseError(error)
  parentPort?.postMessage({ call, ok: false, message, problem } satisfies FromWorker)
}

parentPort?.on("message", (message: ToWorker) => {
  const { call } = message
  const answer = (result: Answer) => parentPort?.postMessage({ call, ok: true, ...result } satisfies FromWorker)
  try {
    const result = carryOut(message)
    if (result instanceof Promise) result.then(answer, (error: unknown) => fail(call, error))
    else answer(result)
  } catch (error) {
    fail(call, error)
  }
})
