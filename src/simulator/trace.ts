import { createHash } from "node:crypto"
import type { Clock } from "#lib/clock.ts"
import { isStream, type BodyStream, type HttpRequest, type HttpResponse } from "#lib/http.ts"
import type { Storage } from "#apiserver/storage/storage.ts"

type Send<R extends HttpRequest> = (request: R) => Promise<HttpResponse>

/**
 * Everything that happens in a simulation, in order: requests, answers, pieces of streams and writes, each with its virtual
 * time in seconds and a hash of its content. Two runs from one seed leave the same lines, to the last uid, resourceVersion and
 * certificate; nothing is left out or made equal.
 */
export interface Trace {
  readonly lines: readonly string[]
  note(host: string, text: string): void
  /** The same server or transport, with a line for each request, answer and piece of a stream. */
  around<R extends HttpRequest>(host: string, whose: (request: R) => string, send: Send<R>): Send<R>
  /** A line for each change of the storage from now on. */
  follow(host: string, storage: Storage): void
}

/** Characters of a hash: 64 bits tell more lines apart than a run can have. */
const HASH_LENGTH = 16

export function newTrace(clock: Clock): Trace {
  const startMs = clock.nowMs()
  const lines: string[] = []
  const note = (host: string, text: string) => {
    lines.push(`${((clock.nowMs() - startMs) / 1000).toFixed(6)} ${host} ${text}`)
  }
  return {
    lines,
    note,
    around: (host, whose, send) => async (request) => {
      const call = `${whose(request)} ${request.method} ${request.path}`
      note(host, `asked ${call} ${hashOf(request.body)}`)
      try {
        const answer = await send(request)
        const { status, body } = answer
        if (!isStream(body)) {
          note(host, `answered ${call} ${status} ${hashOf(body)}`)
          return answer
        }
        note(host, `answered ${call} ${status} stream`)
        return { ...answer, body: tracedStream(body, (text) => note(host, `${text} ${call}`)) }
      } catch (error) {
        note(host, `failed ${call} ${error instanceof Error ? error.message : String(error)}`)
        throw error
      }
    },
    follow(host, storage) {
      storage.watch("", storage.revision, (events) => {
        for (const { type, key, revision, value } of events) note(host, `${type} ${key} ${revision} ${hashOf(value)}`)
      })
    },
  }
}

function tracedStream(body: BodyStream, note: (text: string) => void): BodyStream {
  return {
    start(sink) {
      const stop = body.start({
        write(chunk) {
          note(`piece ${hashOf(chunk)}`)
          return sink.write(chunk)
        },
        end(error) {
          note(error === undefined ? "end" : `broke "${error.message}"`)
          sink.end(error)
        },
      })
      return () => {
        note("stop")
        stop()
      }
    },
  }
}

function hashOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined || bytes.length === 0) return "-"
  return createHash("sha256").update(bytes).digest("hex").slice(0, HASH_LENGTH)
}

/** Lines before the difference that are shown with it. */
const CONTEXT_LINES = 5

/** @returns where two runs parted, with what came before; undefined when they are the same */
export function firstDifference(a: readonly string[], b: readonly string[]): string | undefined {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a[i] === b[i]) continue
    const before = a.slice(Math.max(0, i - CONTEXT_LINES), i).map((line) => `    ${line}`)
    const [first, second] = [a[i] ?? "(ended)", b[i] ?? "(ended)"]
    return [`Runs differ from line ${i + 1} on:`, ...before, `  1 ${first}`, `  2 ${second}`].join("\n")
  }
  return undefined
}
