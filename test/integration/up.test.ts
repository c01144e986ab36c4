// `hawser up` and `hawser down` as a person runs them: processes of their own, a folder, kubeconfigs.
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { fileURLToPath } from "node:url"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { loadKubeconfig, transportOf } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { realClock } from "#lib/clock.ts"
import { lifeOf } from "#cmd/fleet-state.ts"
import { SAMPLE_NAMESPACE } from "#simulator/sample.ts"
import { eventually } from "../support/eventually.ts"

const launcher = fileURLToPath(new URL("../../bin/hawser", import.meta.url))
const root = mkdtempSync(join(tmpdir(), "hawser-up-"))
const dir = join(root, "fleet")
after(async () => {
  await hawser("down", "--dir", dir)
  rmSync(root, { recursive: true })
})

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

function hawser(...args: string[]): Promise<Ended> {
  return new Promise((done) =>
    execFile(process.execPath, [launcher, ...args], { cwd: root }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  )
}

async function within<T>(
  kubeconfig: string,
  ask: (client: ReturnType<typeof newKubeClient>) => Promise<T>,
): Promise<T> {
  const access = await loadKubeconfig(kubeconfig, async (path) => readFileSync(path, "utf8"))
  const transport = transportOf(access, { clock: realClock })
  try {
    return await ask(newKubeClient({ transport, userAgent: "test", clock: realClock }))
  } finally {
    transport.close()
  }
}

const clusterNames = () =>
  within(join(dir, "hub.kubeconfig"), async (hub) =>
    (await hub.list(MANAGED_CLUSTERS)).items.map((cluster) => cluster.metadata.name).sort(),
  )
const sampleReplicas = (name: string) =>
  within(join(dir, "members", `${name}.kubeconfig`), async (member) =>
    (await member.list(DEPLOYMENTS, { namespace: SAMPLE_NAMESPACE })).items.map((d) => d.status?.availableReplicas),
  )
const uids = () =>
  within(join(dir, "hub.kubeconfig"), async (hub) =>
    (await hub.list(MANAGED_CLUSTERS)).items.map((cluster) => cluster.metadata.uid).sort(),
  )
const fleetPid = () => Number(readFileSync(join(dir, "pid"), "utf8").split(" ")[0])

test("up: the fleet is joined and the sample runs; a killed one resumes; its size follows --clusters; down ends it", async () => {
  const first = await hawser("up", "--clusters", "2", "--detach", "--dir", dir)
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stderr, /✓ 2 clusters joined/)
  const url = /Hub +(https:\S+)/.exec(first.stdout)?.[1]
  assert.ok(url !== undefined, first.stdout)
  assert.deepEqual(await clusterNames(), ["cluster1", "cluster2"])
  await eventually(async () => assert.deepEqual(await sampleReplicas("cluster2"), [2]))
  const known = await uids()

  const busy = await hawser("up", "--dir", dir, "--detach")
  assert.equal(busy.code, 1)
  assert.match(busy.stderr, /process \d+ runs from it\nNext: hawser down/)

  process.kill(fleetPid(), "SIGKILL")
  const resumed = await hawser("up", "--detach", "--dir", dir, "-q")
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.equal(resumed.stderr, "")
  assert.ok(resumed.stdout.includes(url), "on the same port")
  assert.deepEqual(await uids(), known)

  assert.equal((await hawser("down", "--dir", dir)).code, 0)
  assert.equal((await hawser("up", "--clusters", "3", "--detach", "--dir", dir)).code, 0)
  assert.deepEqual(await clusterNames(), ["cluster1", "cluster2", "cluster3"])
  await hawser("down", "--dir", dir)
  assert.equal((await hawser("up", "--clusters", "1", "--detach", "--dir", dir)).code, 0)
  assert.deepEqual(await clusterNames(), ["cluster1"])
  assert.deepEqual(readdirSync(join(dir, "members")).sort(), ["cluster1", "cluster1.kubeconfig"])

  const pid = fleetPid()
  const down = await hawser("down", "--dir", dir)
  assert.equal(down.stdout, "Fleet ended; its state stays\n")
  assert.equal(lifeOf(pid), undefined)
  assert.ok(!existsSync(join(dir, "pid")))
  assert.match((await hawser("down", "--dir", dir)).stdout, /No fleet runs/)
})

test("up: a start that cannot work says why, also detached", async () => {
  const bad = await hawser("up", "--clusters", "-1", "--dir", join(root, "bad"))
  assert.equal(bad.code, 2)
  assert.match(bad.stderr, /clusters/)
  const taken = await hawser("up", "--detach", "--bind-address", "192.0.2.1", "--dir", join(root, "elsewhere"))
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /Cannot listen/)
  assert.match(taken.stderr, /Next: /)
})
