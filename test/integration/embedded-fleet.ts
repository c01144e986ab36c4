// A fleet for the cases in test/cases: the hub is a process of its own that can be killed, the members are simulated here.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { connectionsTo } from "#cmd/agent-connections.ts"
import { startFleetMembers } from "#cmd/members.ts"
import { ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { silentLog } from "#lib/log.ts"
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { FleetHarness } from "../cases/harness.ts"
import { connectWith, fleetPid, hawser } from "../support/hawser.ts"

export async function startEmbeddedFleet(options: { readonly members: number }): Promise<FleetHarness> {
  const root = mkdtempSync(join(tmpdir(), "hawser-fleet-"))
  const dir = join(root, "hub")
  const startHub = async () => {
    const started = await hawser(root, "up", "--clusters", "0", "--detach", "--dir", dir)
    assert.equal(started.code, 0, started.stderr)
  }
  await startHub()
  const hub = await connectWith(join(dir, "hub.kubeconfig"))
  const ending = new AbortController()
  const runtime: Runtime = { clock: realClock, random: realRandom, log: silentLog, signal: ending.signal }
  const names = Array.from({ length: options.members }, (_, i) => `cluster${i + 1}`)
  const { server, ca = "" } = hub.kubeconfig
  const token = await ensureBootstrapToken(hub.client, realRandom)
  const members = await startFleetMembers(
    runtime,
    names,
    {
      dir: join(root, "members"),
      nodes: 2,
      engine: { store: async () => memoryStorage(), drop: async () => {}, close: async () => {} },
      // Nobody calls these members over the network: the tests hold them in their hands.
      host: { url: server, caCertificate: ca, mount: () => {}, unmount: () => {} },
      connections: () => connectionsTo(runtime, { server, ca, clusterEntry: "hub" }, token),
    },
    () => {},
  )
  return {
    hub: hub.client,
    hubKubeconfig: hub.kubeconfig,
    members: members.map(({ name, member }) => ({ name, client: member.server.client })),
    killHub: async () => void process.kill(fleetPid(dir), "SIGKILL"),
    startHub,
    dispose: async () => {
      ending.abort()
      await Promise.all(members.map(({ agent }) => agent.done))
      hub.close()
      await hawser(root, "down", "--dir", dir)
      rmSync(root, { recursive: true, force: true })
    },
  }
}
