/**
 * HTTP as data, so that the same client talks over TLS, in process, or across a simulated network, and the same
 * server answers all three.
 */
export type HttpRequest = {
  readonly method: string
  /** Path with query, beginning with `/`. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Abandons the request; an answer that is already streaming ends. */
  readonly signal?: AbortSignal
}

export type HttpResponse = {
  readonly status: number
  /** Names in lower case; several values of one header as an array. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** The whole body, or a stream of it (a watch). */
  readonly body: Uint8Array | BodyStream
  /** Of a 101: takes the connection over once the head has been sent. */
  readonly upgrade?: Upgrade
}

/** @returns who gets the bytes that come in */
export type Upgrade = (connection: ByteConnection) => ByteReceiver

/** A connection that speaks HTTP no more. */
export interface ByteConnection {
  /** After the connection has ended it does nothing. */
  write(chunk: Uint8Array): void
  /** Sends what was written, and closes. */
  end(): void
}

export interface ByteReceiver {
  receive(chunk: Uint8Array): void
  /** The other side is gone, or `end` was called. Called once. */
  closed(): void
}

/** A body that comes in pieces. `start` is called once; nothing is delivered before. */
export interface BodyStream {
  /** @returns stops the stream; `sink.end` is not called after that. Idempotent. */
  start(sink: BodySink): () => void
}

export interface BodySink {
  /** @returns bytes accepted and not yet taken by the receiver; a producer with a bound stops beyond it. */
  write(chunk: Uint8Array): number
  /** The stream is over; with an error when it broke. Called once at most. */
  end(error?: Error): void
}

/**
 * Sends one request. Resolves when the head of the answer is there.
 * @throws ConnectionError when no answer came; nothing is known then about whether the request was carried out.
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

/** No connection, or one that broke before the answer. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError"
}

/** @returns whether the answer's body is a stream */
export function isStream(body: Uint8Array | BodyStream): body is BodyStream {
  return !(body instanceof Uint8Array)
}

/** Reads a body to its end. @throws the error that broke the stream, or when it exceeds `limitBytes` */
export function readBody(body: Uint8Array | BodyStream, limitBytes = 256 * 1024 * 1024): Promise<Uint8Array> {
  if (!isStream(body)) return Promise.resolve(body)
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const stop = body.start({
      write(chunk) {
        chunks.push(chunk)
        length += chunk.length
        if (length > limitBytes) {
          stop()
          reject(new Error(`Cannot read answer: longer than ${limitBytes} bytes`))
        }
        return 0
      },
      end: (error) => (error ? reject(error) : resolve(Buffer.concat(chunks))),
    })
  })
}
