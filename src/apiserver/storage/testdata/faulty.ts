// Writes what its parent asks for and tells how that went: for tests that take the disk away from a process of its own.
import { realClock } from "#lib/clock.ts"
import { openSqliteEngine } from "#apiserver/storage/sqlite-engine.ts"

const engine = await openSqliteEngine({ file: process.argv[2]!, clock: realClock })
const store = await engine.store("a")
const answer = (text: string) => process.send?.(text)

process.on("message", ({ key, durable }: { key: string; durable: boolean }) => {
  store.put(key, Buffer.alloc(5_000, key), store.get(key)?.revision ?? 0, { durable }).then(
    (result) => answer(result.ok ? `ok ${result.revision}` : "lost"),
    (error: Error) => answer(error.message),
  )
})
answer("ready")
