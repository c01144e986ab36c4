// A fleet put together by hand: init, hub, token, join, accept, members. On embedded servers and on real ones alike.
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { AVAILABLE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import { parseKubeconfig } from "#kube/kubeconfig.ts"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { realClock } from "#lib/clock.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { eventually } from "../support/eventually.ts"
import { admissionRules } from "./admission.ts"
import { behindProxy } from "./behind-proxy.ts"
import { boundTokens } from "./bound-tokens.ts"
import { sharedFields } from "./shared-fields.ts"
import { certificateRequests } from "./certificate-requests.ts"
import { clusterProfiles } from "./cluster-profiles.ts"
import { leaving } from "./leaving.ts"
import { managedNamespaces } from "./managed-namespaces.ts"
import { connectWith, hawser, impersonating, startHawser, type Connected, type Running } from "../support/hawser.ts"

/** Two API servers and nothing on them. */
export type TwoServers = {
  readonly hubKubeconfig: string
  readonly spokeKubeconfig: string
  readonly dispose: () => Promise<void>
}

const PROPERTIES = ["--feature-gates", "ClusterProperty=true"]

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

    test(`${label}: token says when there is no hub`, async () => {
      const { code, stderr } = await run("token", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(code, 1, stderr)
      assert.match(stderr, /Cannot make token: https:\S+ is no hub.*\nNext: hawser init/)
    })

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

    test(`${label}: the admission rules are in force before any hub runs`, () =>
      admissionRules({
        admin: hub.client,
        as: (user) => impersonating(hub, user),
        measuresWorks: false,
        nowMs: realClock.nowMs,
      }))

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

    test(`${label}: token, where the hub lets in no bootstrap tokens, as many of OCM's do not`, async () => {
      await hub.client.delete(CLUSTER_ROLE_BINDINGS, { name: "open-cluster-management:bootstrap:managedcluster" })
      const made = await run("token", "--kubeconfig", servers.hubKubeconfig, "-o", "json")
      const { expires, "hub-token": token } = JSON.parse(made.stdout) as Record<string, string>
      assert.equal(token?.split(".").length, 3)
      assert.ok(Date.parse(expires ?? "") > Date.now())
      assert.match(made.stderr, /lets in no bootstrap tokens/)
      assert.equal((await run("init", "--kubeconfig", servers.hubKubeconfig)).code, 0)
    })

    test(`${label}: join refuses what cannot be right before it changes anything`, async () => {
      const server = hub.kubeconfig.server
      const to = (...args: string[]) => run("join", "--kubeconfig", servers.spokeKubeconfig, "--dir", "a", ...args)
      writeFileSync(join(dir, "hub.crt"), hub.kubeconfig.ca ?? "")
      const guessed = ["--hub-apiserver", server, "--hub-token", "ocmhub.0123456789abcdef"]
      const address = ["--hub-apiserver", server, "--hub-token", "abcdef.0123456789abcdef"]
      for (const [args, code, says] of [
        [["--cluster-name", "a"], 2, /want --hub-apiserver and --hub-token/],
        [["--cluster-name", "A_", ...address], 2, /Cannot join as "A_"/],
        [["--cluster-name", "a", ...address, "--hub-ca-hash", "sha256:00"], 5, /Cannot trust/],
        [["--cluster-name", "a", ...address], 5, /is not signed with the token abcdef/],
        [["--cluster-name", "a", ...address, "--ca-file", "hub.crt"], 5, /does not know the token/],
        [["--cluster-name", "a", ...guessed], 5, /is signed by somebody who has not the token ocmhub/],
        [["--cluster-name", "a", "--hub-apiserver", "https://127.0.0.1:1", "--hub-token", "a.b"], 3, /127\.0\.0\.1:1/],
      ] as const) {
        const refused = await to(...args)
        assert.equal(refused.code, code, refused.stderr)
        assert.match(refused.stderr, says)
      }
      await assert.rejects(spoke.client.list(APPLIED_MANIFEST_WORKS))
      // A signature that only who knows the token can make is as good as a hash.
      const { token = "" } = await parseKubeconfig(readFileSync(bootstrap, "utf8"))
      const known = ["--hub-apiserver", server, "--hub-token", token, "-o", "json"]
      const trusted = await to("--cluster-name", "a", ...known)
      assert.deepEqual([trusted.code, trusted.stderr], [0, ""])
      // What the signer has written beside it does not make it somebody else's: init keeps it up to date.
      const elsewhere = ["--hub-apiserver", "https://elsewhere:6443", "--kubeconfig", servers.hubKubeconfig]
      const clusterInfo = { namespace: "kube-public", name: "cluster-info" }
      assert.equal((await run("init", ...elsewhere)).code, 0)
      assert.match((await hub.client.get(CONFIG_MAPS, clusterInfo)).data?.["kubeconfig"] ?? "", /elsewhere:6443/)
      const back = await run("init", "--hub-apiserver", server, "--kubeconfig", servers.hubKubeconfig)
      assert.equal(back.code, 0, back.stderr)
    })

    test(`${label}: hub, join --run, accept; a work arrives`, async () => {
      const profiles = ["--feature-gates", "ClusterProfile=true", "--kubeconfig", servers.hubKubeconfig]
      const early = await run("hub", ...profiles)
      assert.match(early.stderr, /run `hawser init --feature-gates ClusterProfile=true`/)
      assert.equal((await run("init", ...profiles)).code, 0)
      begin("hub", ...profiles)
      const target = ["--kubeconfig", servers.spokeKubeconfig, "--dir", join(dir, "shop1")]
      shop1 = begin(
        "join",
        "--cluster-name",
        "shop1",
        "--bootstrap-kubeconfig",
        bootstrap,
        ...target,
        ...PROPERTIES,
        "--run",
      )
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

    test(`${label}: fields that a work ignores are left to others, and health is told beside existence`, () =>
      sharedFields(hub.client, spoke.client))

    test(`${label}: properties of a cluster, and its profile`, () => clusterProfiles(hub.client, spoke.client, "shop1"))

    test(`${label}: namespaces that a cluster's sets want`, () => managedNamespaces(hub.client, spoke.client, "shop1"))

    test(`${label}: certificate requests that are not as an agent makes them`, async () => {
      const agent = await connectWith(join(dir, "shop1/hub-kubeconfig/kubeconfig"))
      try {
        await certificateRequests(hub, agent, "shop1")
      } finally {
        agent.close()
      }
    })

    test(`${label}: a token for one cluster is good for that one, once`, () =>
      boundTokens({ dir, run, begin, available, hub, servers }))

    test(`${label}: a cluster behind an HTTP proxy joins and is worked on`, () =>
      behindProxy({ dir, run, begin, available, hub, servers }))

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
