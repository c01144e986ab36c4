// A command's input and output over one connection: exec and attach. Source: k8s.io/kubelet pkg/cri/streaming/remotecommand.
import type { Clock } from "#lib/clock.ts"
import type { ByteConnection, ByteReceiver, HttpResponse } from "#lib/http.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import { newSpdyConnection, type SpdyStream, type SpdyStreamHandler } from "./spdy.ts"
import { asksForWebSocket, newWebSocket, webSocketHeaders } from "./websocket.ts"

/** What runs at the other end. */
export type RemoteCommand = (io: CommandIo) => Promise<CommandEnd>

export type CommandIo = {
  /** Hears what is typed; undefined when no more will come. Called at most once. */
  readonly onInput: (take: (chunk: Uint8Array | undefined) => void) => void
  readonly output: (chunk: Uint8Array) => void
  readonly error: (chunk: Uint8Array) => void
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

export type CommandEnd = { readonly exitCode: number }

/** Which streams the client wants: query parameters of exec and attach. */
export type CommandStreams = {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** Newest first. v5 adds that an input can end. */
const WEBSOCKET_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
const SPDY_PROTOCOL = "v4.channel.k8s.io"
const STREAMS_WITHIN_MS = 30_000
const INPUT_WAITING_BYTES_MAX = 1024 * 1024

const [STDIN, STDOUT, STDERR, ERROR, CLOSE] = [0, 1, 2, 3, 255]

/**
 * Answers a request for a command: over a WebSocket, or over SPDY for clients before 1.30.
 *
 * @throws StatusError BadRequest when the client asks for neither
 */
export function remoteCommandResponse(
  headers: Readonly<Record<string, string>>,
  streams: CommandStreams,
  options: { readonly clock: Clock; readonly run: RemoteCommand },
): HttpResponse {
  if (asksForWebSocket(headers)) {
    const offered = listed(headers["sec-websocket-protocol"])
    const protocol = WEBSOCKET_PROTOCOLS.find((known) => offered.includes(known))
    if (protocol === undefined) throw badRequest(`unable to upgrade: want one of ${WEBSOCKET_PROTOCOLS.join(", ")}`)
    return {
      status: 101,
      headers: webSocketHeaders(headers, protocol),
      body: NOTHING,
      upgrade: (connection) => overWebSocket(connection, options.run),
    }
  }
  if (!/^spdy\/3\.1$/i.test(headers["upgrade"] ?? ""))
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr in an upgrade to a WebSocket or SPDY/3.1")
  if (!listed(headers["x-stream-protocol-version"]).includes(SPDY_PROTOCOL))
    return { status: 403, headers: { "x-accepted-stream-protocol-versions": SPDY_PROTOCOL }, body: NOTHING }
  return {
    status: 101,
    headers: { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": SPDY_PROTOCOL },
    body: NOTHING,
    upgrade: (connection) => overSpdy(connection, streams, options),
  }
}

const NOTHING = new Uint8Array()

export const listed = (header: string | undefined) => (header ?? "").split(",").map((text) => text.trim())

function overWebSocket(connection: ByteConnection, run: RemoteCommand): ByteReceiver {
  const input = newInput()
  const gone = new AbortController()
  return newWebSocket(connection, (side) => {
    const send = (channel: number) => (chunk: Uint8Array) => side.send(Buffer.of(channel), chunk)
    const io = { onInput: input.listen, output: send(STDOUT), error: send(STDERR), signal: gone.signal }
    void endOf(run, io).then((status) => {
      send(ERROR)(status)
      side.close()
    })
    return {
      message(bytes) {
        if (bytes[0] === STDIN) input.push(bytes.subarray(1))
        else if (bytes[0] === CLOSE && bytes[1] === STDIN) input.end()
      },
      closed() {
        input.end()
        gone.abort()
      },
    }
  })
}

/** Begins when the client has opened all the streams that it asked for. */
function overSpdy(
  connection: ByteConnection,
  wanted: CommandStreams,
  { clock, run }: { readonly clock: Clock; readonly run: RemoteCommand },
): ByteReceiver {
  const missing = new Set(["error", ...(["stdin", "stdout", "stderr"] as const).filter((name) => wanted[name])])
  if (wanted.tty) missing.delete("stderr")
  const open = new Map<string, SpdyStream>()
  const input = newInput()
  const gone = new AbortController()
  const timer = clock.setTimer(STREAMS_WITHIN_MS, () => connection.end())

  const begin = () => {
    timer.cancel()
    const write = (name: string) => (chunk: Uint8Array) => open.get(name)?.write(chunk)
    const io = { onInput: input.listen, output: write("stdout"), error: write("stderr"), signal: gone.signal }
    void endOf(run, io).then((status) => {
      write("error")(status)
      for (const name of ["error", "stdout", "stderr"]) open.get(name)?.end()
    })
  }
  const onStream = (stream: SpdyStream): SpdyStreamHandler | undefined => {
    const { streamtype: type = "" } = stream.headers
    if (open.has(type)) return undefined
    open.set(type, stream)
    if (missing.delete(type) && missing.size === 0) begin()
    if (type !== "stdin") return { data: () => undefined, ended: () => undefined }
    return { data: input.push, ended: input.end }
  }
  const closed = () => {
    timer.cancel()
    input.end()
    gone.abort()
  }
  return newSpdyConnection(connection, { onStream, closed }).receiver
}

/** Keeps what is typed before the command listens, up to a bound. */
function newInput() {
  let take: ((chunk: Uint8Array | undefined) => void) | undefined
  let waiting: (Uint8Array | undefined)[] = []
  let bytes = 0
  let ended = false
  const push = (chunk: Uint8Array | undefined) => {
    if (ended) return
    ended = chunk === undefined
    if (take !== undefined) return take(chunk)
    bytes += chunk?.length ?? 0
    if (bytes <= INPUT_WAITING_BYTES_MAX) waiting.push(chunk)
  }
  return {
    push,
    end: () => push(undefined),
    listen(listener: (chunk: Uint8Array | undefined) => void) {
      take = listener
      for (const chunk of waiting) listener(chunk)
      waiting = []
    },
  }
}

/** @returns how the command ended, as clients read it: a Status */
async function endOf(run: RemoteCommand, io: CommandIo): Promise<Buffer> {
  try {
    const { exitCode } = await run(io)
    return Buffer.from(JSON.stringify(exitCode === 0 ? { metadata: {}, status: "Success" } : failed(exitCode)))
  } catch (error) {
    const message = `error executing command in container: ${(error as Error).message}`
    return Buffer.from(JSON.stringify({ metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 }))
  }
}

const failed = (exitCode: number) => ({
  metadata: {},
  status: "Failure",
  message: `command terminated with non-zero exit code: exit status ${exitCode}`,
  reason: "NonZeroExitCode",
  details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
})
