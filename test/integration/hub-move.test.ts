import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { newEmbeddedServer, startHubServer } from "#controlplane/embedded-server.ts"
import { listen } from "#cmd/host.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { realClock } from "#lib/clock.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { hubMoveCases } from "../cases/hub-move.cases.ts"
import { eventually } from "../support/eventually.ts"
import { startHawser } from "../support/hawser.ts"

hubMoveCases("a hub that moves, embedded", async (dir) => {
  const spoke = startHawser(dir, "apiserver", "--dir", "spoke-server")
  const ending = new AbortController()
  const runtime = { clock: realClock, random: realRandom, log: silentLog, signal: ending.signal }
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
  const server = await newEmbeddedServer(runtime, { storage: memoryStorage(), pki, issuer: "https://issuer" })
  startHubServer(runtime, server)
  const open: (() => Promise<void>)[] = []
  const serve = async (tls: { readonly cert: string; readonly key: string }, port?: number) => {
    const listener = await listen(runtime, {
      serving: { bindAddress: "127.0.0.1", ...(port === undefined ? {} : { port }) },
      lastPort: undefined,
      pki: { ...pki, servingCertificate: tls.cert, servingKey: tls.key },
      main: server.handler,
      mounted: new Map(),
    })
    open.push(() => listener.close())
    return { server: `https://127.0.0.1:${listener.port}`, stop: () => listener.close() }
  }
  const main = await serve({ cert: pki.servingCertificate, key: pki.servingKey })
  const admin = { server: main.server, ca: pki.caCertificate, cert: pki.adminCertificate, key: pki.adminKey }
  writeFileSync(join(dir, "hub.kubeconfig"), kubeconfigText(admin))
  await eventually(() => assert.match(spoke.output(), /Kubeconfig/))
  return {
    hubKubeconfig: join(dir, "hub.kubeconfig"),
    spokeKubeconfig: join(dir, "spoke-server/kubeconfig"),
    serve,
    dispose: async () => {
      for (const close of open) await close()
      ending.abort()
      server.api.close()
      await spoke.stop()
    },
  }
})
