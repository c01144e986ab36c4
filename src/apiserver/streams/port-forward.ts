// Connections to ports of a pod, many over one. Source: k8s.io/kubelet pkg/cri/streaming/portforward.
import type { ByteConnection, ByteReceiver, HttpResponse } from "#lib/http.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import { listed } from "./remote-command.ts"
import { newSpdyConnection, type SpdyStream, type SpdyStreamHandler } from "./spdy.ts"
import { asksForWebSocket, newWebSocket, webSocketHeaders } from "./websocket.ts"

/** What listens on a port: gets each connection, gives who hears it. */
export type PortListener = (port: number, connection: ByteConnection) => ByteReceiver

const PROTOCOL = "portforward.k8s.io"
/** Newer clients carry SPDY inside a WebSocket. */
const TUNNEL = "SPDY/3.1+portforward.k8s.io"
const PORT_MAX = 65_535

/** @throws StatusError BadRequest when the client asks for no protocol that is spoken here */
export function portForwardResponse(headers: Readonly<Record<string, string>>, listen: PortListener): HttpResponse {
  if (asksForWebSocket(headers)) {
    if (!listed(headers["sec-websocket-protocol"]).includes(TUNNEL))
      throw badRequest(`unable to upgrade: want ${TUNNEL}`)
    return {
      status: 101,
      headers: webSocketHeaders(headers, TUNNEL),
      body: NOTHING,
      upgrade: (connection) => overTunnel(connection, listen),
    }
  }
  if (!/^spdy\/3\.1$/i.test(headers["upgrade"] ?? "")) throw badRequest("Upgrade request required")
  if (!listed(headers["x-stream-protocol-version"]).includes(PROTOCOL))
    return { status: 403, headers: { "x-accepted-stream-protocol-versions": PROTOCOL }, body: NOTHING }
  return {
    status: 101,
    headers: { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": PROTOCOL },
    body: NOTHING,
    upgrade: (connection) => overSpdy(connection, listen),
  }
}

const NOTHING = new Uint8Array()

function overTunnel(connection: ByteConnection, listen: PortListener): ByteReceiver {
  return newWebSocket(connection, (side) => {
    const inner = overSpdy({ write: (chunk) => side.send(chunk), end: () => side.close() }, listen)
    return { message: (bytes) => inner.receive(bytes), closed: () => inner.closed() }
  })
}

/** Each connection has two streams, found by their number: one for data, one on which a fault is told. */
function overSpdy(connection: ByteConnection, listen: PortListener): ByteReceiver {
  const errors = new Map<string, SpdyStream>()
  const onStream = (stream: SpdyStream): SpdyStreamHandler | undefined => {
    const { streamtype: type, port: portText = "", requestid: id = "" } = stream.headers
    const port = Number(portText)
    if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) return undefined
    if (type === "error") {
      errors.set(id, stream)
      return { data: () => undefined, ended: () => undefined }
    }
    if (type !== "data") return undefined
    const end = () => {
      stream.end()
      errors.get(id)?.end()
      errors.delete(id)
    }
    const receiver = listen(port, { write: (chunk) => stream.write(chunk), end })
    return { data: (chunk) => receiver.receive(chunk), ended: () => receiver.closed() }
  }
  return newSpdyConnection(connection, { onStream, closed: () => errors.clear() }).receiver
}
