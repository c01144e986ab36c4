// The embedded API server, put together as a hub's, in memory and behind a real port.
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { newListener } from "#apiserver/listener/listener.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { newEmbeddedServer, startHubServer } from "#controlplane/embedded-server.ts"
import { realClock } from "#lib/clock.ts"
import type { Outbound } from "#lib/outbound.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import type { Target } from "./send.ts"

/** @param options.outbound  how it reaches other servers; it reaches none without */
export async function startEmbedded(
  options: { readonly outbound?: Outbound } = {},
): Promise<Target & { close(): Promise<void> }> {
  const ending = new AbortController()
  const runtime = { clock: realClock, random: realRandom, log: silentLog, signal: ending.signal }
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
  const listener = await newListener({
    address: "127.0.0.1",
    port: 0,
    tls: { cert: pki.servingCertificate, key: pki.servingKey },
    route: () => ({ handler: (request) => server.handler(request), prefix: "" }),
    clock: realClock,
    log: silentLog,
  })
  const url = `https://127.0.0.1:${listener.port}`
  const server = await newEmbeddedServer(runtime, { storage: memoryStorage(), pki, issuer: url, ...options })
  startHubServer(runtime, server)
  return {
    server: url,
    ca: pki.caCertificate,
    cert: pki.adminCertificate,
    key: pki.adminKey,
    close: async () => {
      ending.abort()
      await listener.close()
    },
  }
}
