import type { BodySink, HttpRequest, HttpResponse, Transport } from "#lib/http.ts"
import { ConnectionError } from "#lib/http.ts"

/** A request that waits for the test's answer. */
export interface Exchange {
  readonly request: HttpRequest
  /** Path without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  /** Whether the client gave it up. */
  readonly aborted: boolean
  answer(status: number, body: unknown, headers?: Record<string, string>): void
  /** Answers 200 with a body that goes on. */
  stream(): ScriptedStream
  /** No answer: the connection breaks. */
  break(): void
}

export interface ScriptedStream {
  /** Text goes out as it is, cut wherever the test likes; objects as one line of JSON. */
  write(piece: string | Uint8Array | object): void
  end(error?: Error): void
  readonly stopped: boolean
}

export interface ScriptedTransport {
  readonly transport: Transport
  /** Requests not answered yet, oldest first. */
  readonly waiting: readonly Exchange[]
  /** Takes the oldest request. @throws Error when none waits */
  take(): Exchange
}

/** The other end of a client's transport, played by a test. */
export function newScriptedTransport(): ScriptedTransport {
  const waiting: Exchange[] = []
  return {
    transport: (request) => new Promise((resolve, reject) => waiting.push(newExchange(request, resolve, reject))),
    waiting,
    take() {
      const exchange = waiting.shift()
      if (exchange === undefined) throw new Error("No request waits for an answer")
      return exchange
    },
  }
}

function newExchange(
  request: HttpRequest,
  resolve: (response: HttpResponse) => void,
  reject: (error: unknown) => void,
): Exchange {
  const url = new URL(request.path, "http://server")
  request.signal?.addEventListener("abort", () => reject(request.signal?.reason), { once: true })
  return {
    request,
    path: url.pathname,
    query: url.searchParams,
    body: request.body === undefined ? undefined : JSON.parse(Buffer.from(request.body).toString()),
    get aborted() {
      return request.signal?.aborted ?? false
    },
    answer(status, body, headers = {}) {
      const text = typeof body === "string" ? body : JSON.stringify(body)
      resolve({ status, headers, body: Buffer.from(text) })
    },
    stream() {
      const stream = newStream(request)
      resolve({ status: 200, headers: {}, body: stream.body })
      return stream
    },
    break: () => reject(new ConnectionError("connection refused")),
  }
}

function newStream(request: HttpRequest) {
  let sink: BodySink | undefined
  let stopped = false
  let early: (() => void)[] = []
  const tell = (piece: (to: BodySink) => void) => {
    if (stopped) return
    if (sink === undefined) early.push(() => piece(sink!))
    else piece(sink)
  }
  const stream = {
    body: {
      start(to: BodySink) {
        sink = to
        for (const piece of early) piece()
        early = []
        return () => {
          stopped = true
        }
      },
    },
    write(piece: string | Uint8Array | object) {
      const bytes =
        piece instanceof Uint8Array
          ? piece
          : Buffer.from(typeof piece === "string" ? piece : JSON.stringify(piece) + "\n")
      tell((to) => void to.write(bytes))
    },
    end: (error?: Error) => tell((to) => to.end(error)),
    get stopped() {
      return stopped
    },
  }
  request.signal?.addEventListener("abort", () => stream.end(new ConnectionError("aborted")), { once: true })
  return stream
}
