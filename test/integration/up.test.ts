// `hawser up` and `hawser down` as a person runs them: processes of their own, a folder, kubeconfigs.
import assert from "node:assert/strict"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { lifeOf } from "#cmd/fleet-state.ts"
import type { KubeClient } from "#kube/client.ts"
import { SAMPLE_NAMESPACE } from "#simulator/sample.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, fleetPid, hawser as runHawser, startHawser } from "../support/hawser.ts"

const root = mkdtempSync(join(tmpdir(), "hawser-up-"))
const dir = join(root, "fleet")
after(async () => {
  await hawser("down", "--dir", dir)
  rmSync(root, { recursive: true })
})

const hawser = (...args: string[]) => runHawser(root, ...args)

async function within<T>(kubeconfig: string, ask: (client: KubeClient) => Promise<T>): Promise<T> {
  const { client, close } = await connectWith(kubeconfig)
  try {
    return await ask(client)
  } finally {
    close()
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

  process.kill(fleetPid(dir), "SIGKILL")
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

  const pid = fleetPid(dir)
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

/** Members look for the hub where it does not listen. */
const unreachable = [
  "--bind-address",
  "127.0.0.2",
  "--advertise-address",
  "127.0.0.1",
  "--no-sample",
  "--clusters",
  "1",
]
const hasListened = (text: () => string) => eventually(() => assert.match(text(), /✓ hub at/))

test("up: a fleet that does not get up in time ends, and frees its folder", async () => {
  const late = join(root, "late")
  const given = await hawser("up", "--timeout", "1", "--dir", late, ...unreachable)
  assert.equal(given.code, 4, given.stderr)
  assert.match(given.stderr, /Cannot wait any longer for all members to join/)
  assert.ok(!existsSync(join(late, "pid")))
})

test("up: interrupted while it starts, it ends; so does a detached one, and down ends one that still starts", async () => {
  const early = join(root, "early")
  const attached = startHawser(root, "up", "--dir", early, ...unreachable)
  await hasListened(attached.output)
  assert.equal(await attached.stop(), 130)
  assert.ok(!existsSync(join(early, "pid")))

  const detached = startHawser(root, "up", "--detach", "--dir", early, ...unreachable)
  await hasListened(detached.output)
  const pid = fleetPid(early)
  assert.equal(await detached.stop("SIGTERM"), 130)
  await eventually(async () => assert.equal(lifeOf(pid), undefined))

  const waiting = startHawser(root, "up", "--detach", "--dir", early, ...unreachable)
  await hasListened(waiting.output)
  assert.equal((await hawser("down", "--dir", early)).stdout, "Fleet ended; its state stays\n")
  assert.equal(await waiting.ended, 130)
})

test("up: drift is listed and explained; a cluster that was detached stays away, also over a restart", async () => {
  const place = join(root, "drifting")
  const begun = await hawser("up", "--clusters", "2", "--detach", "--dir", place)
  assert.equal(begun.code, 0, begun.stderr)
  const onHub = ["--kubeconfig", join(place, "hub.kubeconfig")]
  assert.match((await hawser("drift", ...onHub, "--exit-code")).stderr, /No drift found/)
  await within(join(place, "members", "cluster1.kubeconfig"), async (member) => {
    const [deployment] = (await member.list(DEPLOYMENTS, { namespace: SAMPLE_NAMESPACE })).items
    const key = { namespace: SAMPLE_NAMESPACE, name: deployment?.metadata.name ?? "" }
    await member.patch(DEPLOYMENTS, key, { merge: { spec: { replicas: 5 } } }, { fieldManager: "somebody" })
  })
  await eventually(async () => {
    const [found] = JSON.parse((await hawser("drift", ...onHub, "-o", "json")).stdout) as Record<string, unknown>[]
    assert.match(String(found?.["message"]), /spec\.replicas is 5, want 2 \(somebody\)/)
    const explained = await hawser("explain", "work", `cluster1/${String(found?.["work"])}`, ...onHub)
    assert.match(explained.stdout, /^✓ .* is applied and available[^]*note: drift was corrected/)
  })

  const manifest = join(place, "config.json")
  const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "made", namespace: "default" } }
  writeFileSync(manifest, JSON.stringify(config))
  const work = ["create", "work", "made", "-f", manifest, ...onHub]
  const created = await hawser(...work, "--clusters", "cluster1,cluster2", "--wait")
  assert.equal(created.code, 0, created.stderr)
  assert.match(created.stdout, /^manifestwork\.work\.open-cluster-management\.io\/made created\n.*made created\n$/)
  for (const [args, code, says] of [
    [["--clusters", "cluster1"], 1, /has one of that name\nNext: --overwrite/],
    [["--clusters", "nowhere"], 1, /no cluster "nowhere"/],
    [[], 2, /want either --clusters or --placement/],
    [["--placement", "nowhere/none"], 1, /no placement "none" in namespace "nowhere"/],
  ] as const) {
    const refused = await hawser(...work, ...args)
    assert.equal(refused.code, code, refused.stderr)
    assert.match(refused.stderr, says)
  }
  assert.match((await hawser(...work, "--clusters", "cluster1", "--overwrite")).stdout, /made unchanged/)
  const followed = await hawser(
    ...work,
    "--placement",
    `${SAMPLE_NAMESPACE}/everywhere`,
    "-r",
    "--dry-run",
    "-o",
    "name",
  )
  assert.equal(followed.stdout, "manifestworkreplicaset.work.open-cluster-management.io/made\n")
  const healthy = await hawser("doctor", ...onHub)
  assert.equal(healthy.code, 0, healthy.stderr + healthy.stdout)
  assert.match(healthy.stdout, /✓ clusters +2 of 2 are available\n✓ works +4 of 4 are applied and available/)

  assert.equal((await hawser("detach", "cluster2", ...onHub)).code, 0)
  assert.match((await hawser("explain", "cluster", "cluster2", ...onHub)).stdout, /^✗ cluster2 was detached/)
  assert.equal((await hawser("down", "--dir", place)).code, 0)
  const again = await hawser("up", "--clusters", "2", "--detach", "--dir", place)
  assert.match(again.stderr, /Detached before, and not of the fleet: cluster2\n[^]*✓ 1 cluster joined/)
  await hawser("down", "--dir", place)
})
