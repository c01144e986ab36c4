// A way to a server that can be cut: what is under way breaks, and what comes is turned away until it is mended.
import { once } from "node:events"
import { connect, createServer, type AddressInfo, type Socket } from "node:net"

export type Relay = {
  readonly port: number
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** @param port  of the server, on loopback */
export async function startRelay(port: number): Promise<Relay> {
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const upstream = connect(port, "127.0.0.1")
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.pipe(other)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const cut = () => {
    isCut = true
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => void (isCut = false),
    async close() {
      cut()
      server.close()
      await once(server, "close")
    },
  }
}
