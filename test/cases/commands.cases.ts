// A fleet put together by hand: init, hub, token, join, accept, members. On embedded servers and on real ones alike.
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { AVAILABLE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { eventually } from "../support/eventually.ts"
import { boundTokens } from "./bound-tokens.ts"
import { leaving } from "./leaving.ts"
import { connectWith, hawser, startHawser, type Connected, type Running } from "../support/hawser.ts"

/** Two API servers and nothing on them. */
export type TwoServers = {
  readonly hubKubeconfig: string
  readonly spokeKubeconfig: string
  readonly dispose: () => Promise<void>
}

/** Registers the cases. @param label  which implementation they run on */
export function commandCases(label: string, start: (dir: string) => Promise<TwoServers>): void {
  describe(label, () => {
    const dir = mkdtempSync(join(tmpdir(), "hawser-commands-"))
    const running: Running[] = []
    let servers: TwoServers
    let hub: Connected
    let spoke: Connected
    before(async () => {
      servers = await start(dir)
      hub = await connectWith(servers.hubKubeconfig)
      spoke = await connectWith(servers.spokeKubeconfig)
    })
    after(async () => {
      await Promise.all(running.map((process) => process.stop()))
      hub?.close()
      spoke?.close()
      await servers?.dispose()
      rmSync(dir, { recursive: true, force: true })
    })
    const run = (...args: string[]) => hawser(dir, ...args)
    const begin = (...args: string[]) => {
      const process = startHawser(dir, ...args)
      running.push(process)
      return process
    }
    const available = (name: string) =>
      eventually(async () => {
        const { status } = await hub.client.get(MANAGED_CLUSTERS, { name })
        assert.ok(isConditionTrue(status?.conditions, AVAILABLE), JSON.stringify(status))
      })
    let bootstrap = ""
    let shop1: Running

    test(`${label}: init prints what it would apply, applies it, and again changes nothing`, async () => {
      const printed = await run("init", "--kubeconfig", servers.hubKubeconfig, "-o", "yaml")
      assert.equal(printed.code, 0, printed.stderr)
      assert.ok(parseYamlDocuments(printed.stdout).length > 20)
      await assert.rejects(hub.client.list(MANAGED_CLUSTERS))
      const first = await run("init", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(first.code, 0, first.stderr)
      assert.match(
        first.stdout,
        /hawser join --hub-token \S+ --hub-apiserver https:\S+ --hub-ca-hash sha256:[0-9a-f]{64}/,
      )
      const { metadata } = await hub.client.get(NAMESPACES, { name: "open-cluster-management" })
      assert.equal((await run("init", "--kubeconfig", servers.hubKubeconfig)).code, 0)
      const again = await hub.client.get(NAMESPACES, { name: "open-cluster-management" })
      assert.equal(again.metadata.resourceVersion, metadata.resourceVersion)
    })

    test(`${label}: token as a kubeconfig, and one that ends`, async () => {
      const kubeconfig = await run("token", "--kubeconfig", servers.hubKubeconfig, "-o", "kubeconfig")
      assert.equal(kubeconfig.code, 0, kubeconfig.stderr)
      bootstrap = join(dir, "bootstrap.kubeconfig")
      writeFileSync(bootstrap, kubeconfig.stdout)
      const ending = await run("token", "--kubeconfig", servers.hubKubeconfig, "--expires", "600", "-o", "json")
      const { expires, "hub-token": token } = JSON.parse(ending.stdout) as Record<string, string>
      assert.ok(Date.parse(expires ?? "") > Date.now())
      assert.equal(token?.split(".").length, 3)
    })

    test(`${label}: join refuses what cannot be right before it changes anything`, async () => {
      const server = hub.kubeconfig.server
      const to = (...args: string[]) => run("join", "--kubeconfig", servers.spokeKubeconfig, "--dir", "a", ...args)
      const address = ["--hub-apiserver", server, "--hub-token", "abcdef.0123456789abcdef"]
      for (const [args, code, says] of [
        [["--cluster-name", "a"], 2, /want --hub-apiserver and --hub-token/],
        [["--cluster-name", "A_", ...address], 2, /Cannot join as "A_"/],
        [["--cluster-name", "a", ...address, "--hub-ca-hash", "sha256:00"], 5, /Cannot trust/],
        [["--cluster-name", "a", ...address], 5, /does not know the token/],
        [["--cluster-name", "a", "--hub-apiserver", "https://127.0.0.1:1", "--hub-token", "a.b"], 3, /127\.0\.0\.1:1/],
      ] as const) {
        const refused = await to(...args)
        assert.equal(refused.code, code, refused.stderr)
        assert.match(refused.stderr, says)
      }
      await assert.rejects(spoke.client.list(APPLIED_MANIFEST_WORKS))
    })

    test(`${label}: hub, join --run, accept; a work arrives`, async () => {
      begin("hub", "--kubeconfig", servers.hubKubeconfig)
      const target = ["--kubeconfig", servers.spokeKubeconfig, "--dir", join(dir, "shop1")]
      shop1 = begin("join", "--cluster-name", "shop1", "--bootstrap-kubeconfig", bootstrap, ...target, "--run")
      const accepted = await run("accept", "shop1", "--wait", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(accepted.code, 0, accepted.stderr)
      await available("shop1")
      const listed = await run("get", "clusters", "--kubeconfig", servers.hubKubeconfig, "-o", "name")
      assert.equal(listed.stdout, "managedcluster.cluster.open-cluster-management.io/shop1\n")
      const work = join(dir, "work.json")
      const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } }
      writeFileSync(
        work,
        JSON.stringify({
          apiVersion: "work.open-cluster-management.io/v1",
          kind: "ManifestWork",
          metadata: { name: "a", namespace: "shop1" },
          spec: { workload: { manifests: [manifest] } },
        }),
      )
      const applied = await run("apply", "-f", work, "--wait", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(applied.code, 0, applied.stderr)
      const { status } = await hub.client.get(MANIFEST_WORKS, { namespace: "shop1", name: "a" })
      assert.ok(isConditionTrue(status?.conditions, "Available"))
      const gone = await run("delete", "-f", work, "--wait", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(gone.code, 0, gone.stderr)
    })

    test(`${label}: a token for one cluster is good for that one, once`, () =>
      boundTokens({ dir, run, begin, available, hub, servers }))

    test(`${label}: a cluster is denied, let in again, detached while away, and while there`, () =>
      leaving({ dir, run, begin, available, hub, spoke, servers }, shop1, bootstrap))

    test(`${label}: members alone join over shared connections, as themselves`, async () => {
      const members = begin("members", "--clusters", "5", "--hub-kubeconfig", servers.hubKubeconfig, "--dir", "m")
      await eventually(() => assert.match(members.output(), /✓ 5 clusters joined/))
      for (const name of ["cluster1", "cluster5"]) await available(name)
      const { metadata } = await hub.client.get(MANAGED_CLUSTERS, { name: "cluster1" })
      assert.ok((metadata.managedFields ?? []).some(({ manager }) => manager === "hawser-agent"))
      const member = await connectWith(join(dir, "m/members/cluster1.kubeconfig"))
      assert.ok((await member.client.list(NAMESPACES)).items.length > 3)
      member.close()
      assert.equal(await members.stop(), 0)
      assert.match(readFileSync(join(dir, "m/fleet.json"), "utf8"), /"clusters":5/)
    })
  })
}
