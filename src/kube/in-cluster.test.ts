import assert from "node:assert/strict"
import { test } from "node:test"
import { newLog } from "#lib/log.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { inCluster } from "./in-cluster.ts"

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
const POD = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" }

function newWorld(env: Record<string, string> = POD) {
  const clock = newVirtualClock(0)
  const files = new Map([
    [`${FOLDER}/token`, "first\n"],
    [`${FOLDER}/ca.crt`, "PEM"],
  ])
  const abort = new AbortController()
  const lines: string[] = []
  const readFile = async (path: string) => files.get(path) ?? Promise.reject(new Error(`ENOENT ${path}`))
  const log = newLog({ clock, level: "warn", write: (line) => lines.push(line) })
  const start = () => inCluster({ env, readFile, clock, log, signal: abort.signal })
  return { clock, files, abort, lines, start }
}

test("inCluster: address and authority of the cluster, the token as it was written last", async () => {
  const { clock, files, abort, lines, start } = newWorld()
  const { kubeconfig, credentials } = await start()
  assert.deepEqual([kubeconfig.server, kubeconfig.ca, credentials().token], ["https://10.96.0.1:443", "PEM", "first"])
  files.set(`${FOLDER}/token`, "second\n")
  await clock.advance(60_000)
  assert.equal(credentials().token, "second")
  files.delete(`${FOLDER}/token`)
  await clock.advance(60_000)
  assert.equal(credentials().token, "second")
  assert.match(lines.join(), /Cannot read the service account's token/)
  abort.abort()
  await clock.settle()
  assert.equal(clock.timerCount, 0)
})

test("inCluster: an address of IPv6", async () => {
  const { abort, start } = newWorld({ ...POD, KUBERNETES_SERVICE_HOST: "fd00::1" })
  assert.equal((await start()).kubeconfig.server, "https://[fd00::1]:443")
  abort.abort()
})

test("inCluster: outside of a pod, and without a token", async () => {
  await assert.rejects(newWorld({}).start(), /This is no pod/)
  const { files, start } = newWorld()
  files.clear()
  await assert.rejects(start(), /is the service account's token mounted/)
})
