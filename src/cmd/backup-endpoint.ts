// GET /hawser/v1/backup: a backup of the server that answers, for whoever may get that path (by default its administrators).
// The answer is lines of JSON, `{"done":1000,"total":5000}` while it copies and `{"size":N}` at last, and then N bytes: the file.
import { open, readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { FileEngine } from "#apiserver/storage/sqlite-engine.ts"
import { sleep } from "#lib/clock.ts"
import type { BodySink, HttpResponse } from "#lib/http.ts"
import { uuid } from "#lib/random.ts"
import type { Runtime } from "#runtime/controller.ts"
import { BACKUP_SUFFIX, readStateFiles } from "./state-files.ts"

export const BACKUP_PATH = "/hawser/v1/backup"
const CHUNK_BYTES = 1024 * 1024
/** What a slow reader may leave unread before the sending waits. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024
const WAIT_MS = 5

/** @returns answers the path, and nothing else */
export function newBackupEndpoint(
  runtime: Runtime,
  engine: FileEngine,
  dir: string,
): (request: ServerRequest) => HttpResponse | undefined {
  let busy = false
  return ({ method, path }) => {
    if (path.split("?", 1)[0] !== BACKUP_PATH) return undefined
    if (method !== "GET")
      throw newStatusError("MethodNotAllowed", "the server does not allow this method on the requested resource")
    if (busy) throw newStatusError("TooManyRequests", "another backup is being made", { retryAfterSeconds: 10 })
    busy = true
    const start = (sink: BodySink) => {
      const stopped = new AbortController()
      send(runtime, engine, dir, sink, stopped.signal)
        .then(
          () => stopped.signal.aborted || sink.end(),
          (error: Error) => {
            runtime.log.error("Backup failed", { error })
            if (!stopped.signal.aborted) sink.end(error)
          },
        )
        .finally(() => (busy = false))
      return () => stopped.abort()
    }
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body: { start } }
  }
}

/** Removes what a backup left that was cut off by the end of the process. */
export async function removeUnfinishedBackups(dir: string): Promise<void> {
  for (const name of await readdir(dir)) if (name.endsWith(BACKUP_SUFFIX)) await rm(join(dir, name), { force: true })
}

async function send(
  { clock, random }: Runtime,
  engine: FileEngine,
  dir: string,
  sink: BodySink,
  stopped: AbortSignal,
): Promise<void> {
  const say = (line: object) => sink.write(Buffer.from(`${JSON.stringify(line)}\n`))
  const target = join(dir, `${uuid(random)}${BACKUP_SUFFIX}`)
  try {
    await engine.backup(target, await readStateFiles(dir), (progress) => {
      if (!stopped.aborted) say(progress)
    })
    const { size } = await stat(target)
    say({ size })
    const file = await open(target)
    try {
      const chunks = file.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false })
      for await (const chunk of chunks) {
        if (stopped.aborted) return
        let unread = sink.write(chunk as Buffer)
        while (unread > UNREAD_BYTES_MAX && !stopped.aborted) {
          await sleep(clock, WAIT_MS)
          unread = sink.write(new Uint8Array())
        }
      }
    } finally {
      await file.close()
    }
  } finally {
    await rm(target, { force: true })
  }
}
