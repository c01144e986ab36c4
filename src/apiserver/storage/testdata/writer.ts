// Writes without end and prints each key once it is acknowledged, until it is killed.
// The semicolon ends a key wherever it is found: in a page of the file too.
// Through the stream: `writeSync` on a full pipe throws EAGAIN. A note that is lost with the process only checks less.
import { realClock } from "#lib/clock.ts"
import { openSqliteEngine } from "#apiserver/storage/sqlite-engine.ts"

const engine = await openSqliteEngine({ file: process.argv[2]!, clock: realClock })
const store = await engine.store("a")

async function write(worker: number): Promise<never> {
  for (let i = 0; ; i++) {
    const durable = i % 4 !== 0
    const key = durable ? `/a/${worker}/${i};` : `/lease/${worker}/${i};`
    const result = await store.put(key, Buffer.alloc(500), 0, { durable })
    if (result.ok) process.stdout.write(`${key} ${result.revision}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, worker) => write(worker)))
