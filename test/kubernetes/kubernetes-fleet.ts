// A fleet for the cases in test/cases: hub and members are real control planes, hub controllers and agents the commands that
// people run. Only scheduler and kubelet stand in: they make pods ready where nothing could run them.
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startKubelet } from "#controlplane/kubelet/kubelet.controller.ts"
import { startScheduler } from "#controlplane/scheduler/scheduler.controller.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { BOOTSTRAP_TOKEN_ID, ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { realClock } from "#lib/clock.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import type { FleetHarness } from "../cases/harness.ts"
import { connectWith, LAUNCHER, type Connected } from "../support/hawser.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes, type KubernetesCluster } from "./cluster.ts"

const common = { clock: realClock, random: realRandom, log: silentLog }
const STAND_IN = { nodes: 2, podReadyAfterMs: 300, podRunsForMs: 300, version: "v1.35.4" }

export async function startKubernetesFleet(options: { readonly members: number }): Promise<FleetHarness> {
  const dir = mkdtempSync(join(tmpdir(), "hawser-kubernetes-"))
  const binaries = buildKubernetes(() => {})
  const ending = new AbortController()
  const names = Array.from({ length: options.members }, (_, i) => `member${i + 1}`)
  const start = (name: string) => startKubernetes(name, join(dir, name), binaries)
  const [hubCluster, ...clusters] = await Promise.all(["hub", ...names].map(start))
  const hub = await connectWith(hubCluster!.kubeconfig)
  const bootstrap = await installHub(hub, dir)
  let controllers = startHubControllers(dir, hubCluster!)
  const members = await Promise.all(
    clusters.map((cluster) => startMember(cluster, { dir, bootstrap, signal: ending.signal })),
  )
  return {
    hub: hub.client,
    hubKubeconfig: hub.kubeconfig,
    members: members.map(({ name, connected }) => ({ name, client: connected.client })),
    async killHub() {
      await Promise.all([end(controllers, "SIGKILL"), hubCluster!.stopApiServer("SIGKILL")])
    },
    async startHub() {
      await hubCluster!.startApiServer()
      controllers = startHubControllers(dir, hubCluster!)
    },
    async dispose() {
      ending.abort()
      await Promise.all([controllers, ...members.map((m) => m.agent)].map((child) => end(child, "SIGTERM")))
      for (const { close } of [hub, ...members.map((m) => m.connected)]) close()
      await Promise.all([hubCluster!, ...clusters].map((cluster) => cluster.stop()))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** @returns the file with which agents introduce themselves */
async function installHub({ client, kubeconfig }: Connected, dir: string): Promise<string> {
  const { server, ca = "" } = kubeconfig
  await applyManifests(client, hubManifests({ clusterInfo: { server, ca } }), common)
  const token = await ensureBootstrapToken(client, realRandom)
  const file = join(dir, "bootstrap.kubeconfig")
  writeFileSync(file, kubeconfigText({ server, ca, token, name: "hub" }), { mode: 0o600 })
  return file
}

function startHubControllers(dir: string, hub: KubernetesCluster): ChildProcess {
  const approve = ["--auto-approve-user", `system:bootstrap:${BOOTSTRAP_TOKEN_ID}`]
  const gates = ["--feature-gates", "ManagedClusterAutoApproval=true"]
  return run(join(dir, "hub-controllers.log"), ["hub", "--kubeconfig", hub.kubeconfig, ...gates, ...approve])
}

async function startMember(
  cluster: KubernetesCluster,
  { dir, bootstrap, signal }: { dir: string; bootstrap: string; signal: AbortSignal },
): Promise<{ name: string; connected: Connected; agent: ChildProcess }> {
  const { name, kubeconfig } = cluster
  const connected = await connectWith(kubeconfig)
  await applyManifests(connected.client, memberManifests(), common)
  const informers = newInformerFactory({ client: connected.client, ...common })
  const runtime = { ...common, signal }
  startScheduler(runtime, { client: connected.client, informers })
  startKubelet(runtime, { client: connected.client, informers }, STAND_IN)
  informers.start(signal)
  const files = ["--bootstrap-kubeconfig", bootstrap, "--spoke-kubeconfig", kubeconfig]
  const agent = ["agent", "--cluster-name", name, ...files, "--dir", join(dir, `${name}-agent`)]
  return { name, connected, agent: run(join(dir, `${name}-agent.log`), agent) }
}

function run(logFile: string, args: readonly string[]): ChildProcess {
  const log = openSync(logFile, "a")
  return spawn(process.execPath, [LAUNCHER, ...args], { stdio: ["ignore", log, log] })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, "exit")
}
