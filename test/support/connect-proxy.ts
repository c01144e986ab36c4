// An HTTP proxy as companies have them: CONNECT only, for those who know the password, to names that it alone can resolve.
import { once } from "node:events"
import { createServer } from "node:http"
import { connect, type AddressInfo, type Socket } from "node:net"

export type ConnectProxy = {
  /** With user and password. */
  readonly url: string
  readonly urlWithout: string
  /** `host:port` of every tunnel that was opened. */
  readonly targets: readonly string[]
  /** Breaks the tunnels that are open. */
  breakTunnels(): void
  close(): Promise<void>
}

export async function startConnectProxy(): Promise<ConnectProxy> {
  const targets: string[] = []
  const open = new Set<Socket>()
  const login = `Basic ${Buffer.from("agent:secret").toString("base64")}`
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on("connect", (request, client: Socket) => {
    client.on("error", () => client.destroy())
    if (request.headers["proxy-authorization"] !== login) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
      return
    }
    targets.push(request.url ?? "")
    const upstream = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n")
      upstream.pipe(client)
      client.pipe(upstream)
    })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const breakTunnels = () => open.forEach((socket) => void socket.destroy())
  return {
    url: `http://agent:secret@127.0.0.1:${port}`,
    urlWithout: `http://127.0.0.1:${port}`,
    targets,
    breakTunnels,
    close: async () => {
      breakTunnels()
      server.close()
      await once(server, "close")
    },
  }
}
