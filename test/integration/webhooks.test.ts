// What webhooks make of requests on the embedded server, and what they made of them on kube-apiserver.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { realClock } from "#lib/clock.ts"
import { newHttpsOutbound } from "#lib/https-outbound.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { newListener, type Listener } from "#apiserver/listener/listener.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { newEmbeddedServer, startServerControllers } from "#controlplane/embedded-server.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { recorded, SCENES } from "../webhooks/recorded.ts"
import { startReviewServer, type ReviewServer } from "../webhooks/review-server.ts"
import { differences } from "../webhooks/differences.ts"
import { play } from "../webhooks/scene.ts"
import { serverAt, type ServerUnderTest } from "../webhooks/server-under-test.ts"

/** Where the embedded server differs, and why. */
const EXCEPTIONS: readonly (readonly [RegExp, string])[] = [
  [
    /^nobody answers: untrusted\..*possibly because of/,
    "Go says which authority it has tried; the refusal is the same",
  ],
  [/^every operation: scale\..*managedFields/, "a Scale is shown without the managed fields of its numbers"],
  [/^(converted|another stored).*managedFields.*f:size/, "fields booked in another version stay as they were booked"],
  [/^every operation: token\./, "a TokenRequest is shown as it came, without what Go's type adds"],
]

describe("webhooks on the embedded server, as on kube-apiserver", () => {
  const stop = new AbortController()
  const outbound = newHttpsOutbound()
  let server: ServerUnderTest
  let hooks: ReviewServer
  let listener: Listener
  before(async () => {
    const runtime = { clock: realClock, random: realRandom, log: silentLog, signal: stop.signal }
    const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
    const embedded = await newEmbeddedServer(runtime, {
      storage: memoryStorage(),
      pki,
      issuer: "https://test",
      outbound,
    })
    startServerControllers(runtime, embedded)
    listener = await newListener({
      address: "127.0.0.1",
      port: 0,
      tls: { cert: pki.servingCertificate, key: pki.servingKey },
      route: () => ({ handler: embedded.handler, prefix: "" }),
      clock: realClock,
      log: silentLog,
    })
    const address = `https://127.0.0.1:${listener.port}`
    const { adminCertificate: cert, adminKey: key } = pki
    server = await serverAt(kubeconfigText({ server: address, ca: pki.caCertificate, cert, key }), true)
    hooks = await startReviewServer()
  })
  after(async () => {
    stop.abort()
    await hooks?.close()
    await listener?.close()
    outbound.close()
  })
  const kubernetes = recorded()
  for (const scene of SCENES) {
    test(scene.name, async () => {
      const seen = await play(scene, server, hooks)
      const found = differences(seen, kubernetes[scene.name]).map((line) => `${scene.name}: ${line}`)
      assert.deepEqual(
        found.filter((line) => !EXCEPTIONS.some(([pattern]) => pattern.test(line))),
        [],
      )
    })
  }
})
