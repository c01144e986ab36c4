import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before } from "node:test"
import { testHubLink } from "#agent/hub-link.contract.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { realClock } from "#lib/clock.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, hawser, type Connected } from "../support/hawser.ts"
import { handsOn } from "../support/linked-hub.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes, type KubernetesCluster } from "./cluster.ts"

let dir = ""
let kubernetes: KubernetesCluster
let connected: Connected
let count = 0

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "hawser-link-"))
  kubernetes = await startKubernetes(
    "hub",
    join(dir, "hub"),
    buildKubernetes(() => {}),
  )
  // With the definitions comes all that a hub needs, but no hub runs.
  const { code, stderr } = await hawser(dir, "init", "--kubeconfig", kubernetes.kubeconfig)
  assert.equal(code, 0, stderr)
  connected = await connectWith(kubernetes.kubeconfig)
})
after(async () => {
  connected?.close()
  await kubernetes?.stop()
  rmSync(dir, { recursive: true, force: true })
})

testHubLink("link over the Kubernetes API of a real one", async (t) => {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const runtime = { clock: realClock, random: realRandom, log: silentLog, signal: stop.signal }
  const { client } = connected
  const cluster = `c${++count}`
  const close = () => {}
  return {
    cluster,
    runtime,
    link: kubernetesHub({ client, informers: newInformerFactory({ client, ...runtime }), close }, cluster),
    entrance: kubernetesEntrance({ client, close }),
    ...handsOn(client, cluster, runtime),
    until: (condition) => eventually(() => assert.ok(condition()), 30_000),
  }
})
