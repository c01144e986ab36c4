// The hub gets another address and another authority, and its agents go along, untouched.
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { HUB_ENDPOINT } from "#api/cluster/hub-endpoint.ts"
import { CLUSTER_LEASE } from "#api/cluster/names.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import { BOOTSTRAP_TOKEN_ID } from "#hub/install/bootstrap-token.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { kubeconfigText, parseKubeconfig } from "#kube/kubeconfig.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, hawser, startHawser, type Connected, type Running } from "../support/hawser.ts"
import { newServing, type Serving } from "../support/serving.ts"
import type { TwoServers } from "./commands.cases.ts"

export type MovableHub = TwoServers & {
  /** The same hub at a further address. @param port  default any */
  readonly serve: (serving: Serving, port?: number) => Promise<Served>
}
export type Served = { readonly server: string; readonly stop: () => Promise<void> }

const CLUSTER = "roamer"

/** Registers the cases. @param label  which implementation they run on */
export function hubMoveCases(label: string, start: (dir: string) => Promise<MovableHub>): void {
  describe(label, () => {
    const dir = mkdtempSync(join(tmpdir(), "hawser-move-"))
    const running: Running[] = []
    const [first, second, third] = ["first", "second", "third"].map(newServing) as [Serving, Serving, Serving]
    let servers: MovableHub
    let hub: Connected
    let spoke: Connected
    /** Where the cluster joined, and where it is sent to. */
    let origin: Served
    let there: Served
    let agent: Running

    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text)
      return name
    }
    const init = async (server: string, ca: string) => {
      const args = ["--hub-apiserver", server, "--ca-file", file("authorities.crt", ca)]
      const done = await hawser(dir, "init", "--kubeconfig", servers.hubKubeconfig, ...args)
      assert.equal(done.code, 0, done.stderr)
    }
    const begin = (...args: string[]) => {
      const process = startHawser(dir, ...args)
      running.push(process)
      return process
    }
    const startAgent = () => {
      const files = ["--bootstrap-kubeconfig", "bootstrap.kubeconfig", "--spoke-kubeconfig", servers.spokeKubeconfig]
      agent = begin("agent", "--cluster-name", CLUSTER, ...files, "--dir", "agent")
    }
    /** Where the agent's credentials lead, as kubectl would read them. */
    const stored = async () => {
      const path = join(dir, "agent/hub-kubeconfig/kubeconfig")
      const { server, ca } = await parseKubeconfig(readFileSync(path, "utf8"), {
        readFile: async (name) => readFileSync(join(dir, "agent/hub-kubeconfig", name), "utf8"),
      })
      return { server, ca }
    }
    const follows = (server: string, ca: string) =>
      eventually(async () => assert.deepEqual(await stored(), { server, ca }))
    /** The agent speaks to the hub: what is asked of it now is done, and reported. */
    const isAtWork = async (work: string) => {
      await hub.client.create(MANIFEST_WORKS, newWork(work))
      await eventually(async () => {
        const { status } = await hub.client.get(MANIFEST_WORKS, { namespace: CLUSTER, name: work })
        assert.ok(status?.conditions?.some(({ type, status: is }) => type === "Applied" && is === "True"))
      })
    }

    before(async () => {
      servers = await start(dir)
      hub = await connectWith(servers.hubKubeconfig)
      spoke = await connectWith(servers.spokeKubeconfig)
      origin = await servers.serve(first)
      there = await servers.serve(third)
    })
    after(async () => {
      await Promise.all(running.map((process) => process.stop("SIGKILL")))
      hub?.close()
      spoke?.close()
      await servers?.dispose()
      rmSync(dir, { recursive: true, force: true })
    })

    test(`${label}: init publishes where the hub is, and a cluster joins there`, async () => {
      await init(origin.server, first.ca)
      const { data } = await hub.client.get(CONFIG_MAPS, HUB_ENDPOINT)
      assert.deepEqual(data, { server: origin.server, "ca.crt": first.ca })
      // The administrator's own way in is another, with another authority.
      const token = await hawser(dir, "token", "--kubeconfig", servers.hubKubeconfig, "-o", "kubeconfig")
      const { server, ca } = await parseKubeconfig(token.stdout)
      assert.deepEqual({ server, ca }, { server: origin.server, ca: first.ca })
      const join = ["--bootstrap-kubeconfig", file("token.kubeconfig", token.stdout)]
      const spokeArgs = ["--kubeconfig", servers.spokeKubeconfig, "--dir", "."]
      const prepared = await hawser(dir, "join", "--cluster-name", CLUSTER, ...join, ...spokeArgs)
      assert.equal(prepared.code, 0, prepared.stderr)
      const gates = ["--feature-gates", "ManagedClusterAutoApproval=true"]
      const approve = ["--auto-approve-user", `system:bootstrap:${BOOTSTRAP_TOKEN_ID}`]
      begin("hub", "--kubeconfig", servers.hubKubeconfig, ...gates, ...approve)
      startAgent()
      await eventually(async () => {
        const lease = await hub.client.get(LEASES, { namespace: CLUSTER, name: CLUSTER_LEASE })
        assert.ok(lease.spec?.renewTime)
      })
      await follows(origin.server, first.ca)
      await isAtWork("before")
    })

    test(`${label}: init again, without a word about the address, leaves the fleet where it is`, async () => {
      const before = await hub.client.get(CONFIG_MAPS, HUB_ENDPOINT)
      const done = await hawser(dir, "init", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(done.code, 0, done.stderr)
      assert.match(done.stdout, new RegExp(`--hub-apiserver ${origin.server} `))
      assert.deepEqual((await hub.client.get(CONFIG_MAPS, HUB_ENDPOINT)).data, before.data)
      const { ca: _, ...unproven } = hub.kubeconfig
      file("insecure", kubeconfigText({ ...unproven, insecure: true }))
      const insecure = await hawser(dir, "init", "--kubeconfig", "insecure")
      assert.equal(insecure.code, 0, insecure.stderr)
      const http = await hawser(dir, "init", "--kubeconfig", servers.hubKubeconfig, "--hub-apiserver", "http://hub")
      assert.equal(http.code, 2, http.stderr)
      assert.match(http.stderr, /Cannot publish http:\/\/hub/)
      assert.deepEqual((await hub.client.get(CONFIG_MAPS, HUB_ENDPOINT)).data, before.data)
    })

    test(`${label}: the authority changes: old and new are trusted, then the new one alone`, async () => {
      await init(origin.server, first.ca + second.ca)
      await follows(origin.server, first.ca + second.ca)
      // Now the server may show its new certificate.
      await origin.stop()
      origin = await servers.serve(second, Number(new URL(origin.server).port))
      await isAtWork("both")
      await init(origin.server, second.ca)
      await follows(origin.server, second.ca)
      await isAtWork("new")
    })

    test(`${label}: to where the hub is not, nobody follows`, async () => {
      const { server, ca = "" } = spoke.kubeconfig
      for (const [wrong, authority] of [
        // Another API server; nobody; the hub, but nothing proves it.
        [server, ca],
        ["https://127.0.0.1:1", second.ca],
        [there.server, newServing("no authority").ca],
      ] as const) {
        const told = agent.output().split("not yet where it says to be").length
        await init(wrong, authority)
        await eventually(() => assert.ok(agent.output().split("not yet where it says to be").length > told))
        assert.equal((await stored()).server, origin.server)
      }
      await hub.client.patch(CONFIG_MAPS, HUB_ENDPOINT, { merge: { data: { "ca.crt": "nonsense" } } })
      await eventually(() => assert.match(agent.output(), /what it publishes about itself is of no use/))
      await isAtWork("stayed")
      assert.equal((await stored()).server, origin.server)
    })

    test(`${label}: the address changes: the agent moves, and lives when the old address is gone`, async () => {
      await init(there.server, third.ca)
      await follows(there.server, third.ca)
      await origin.stop()
      await isAtWork("moved")
    })

    test(`${label}: started again with the bootstrap file of old, it finds the hub where it went`, async () => {
      await agent.stop()
      startAgent()
      await isAtWork("again")
      assert.equal((await stored()).server, there.server)
      // What was applied belongs to the same hub as before: nothing was applied anew under another one's name.
      const applied = (await spoke.client.list(APPLIED_MANIFEST_WORKS)).items
      assert.equal(new Set(applied.map(({ spec }) => spec.hubHash)).size, 1)
    })

    // Item 8 of the list of what is easily got wrong: another cluster entry is another hub, unless the hub itself says that
    // it is the same: then nobody has to approve anything. OCM's agent joins anew.
    test(`${label}: a bootstrap file that names another way to the same hub is enough, whatever its token`, async () => {
      await agent.stop()
      const anew = await servers.serve(third)
      const token = "abcdef.0123456789abcdef"
      file("bootstrap.kubeconfig", kubeconfigText({ server: anew.server, ca: third.ca, token, name: "another-entry" }))
      startAgent()
      await isAtWork("anew")
      // The hub publishes another one, but never published this: it stays.
      assert.equal((await stored()).server, anew.server)
    })

    test(`${label}: an agent reads where the hub is, and nothing beside it`, async () => {
      const path = join(dir, "agent/hub-kubeconfig/kubeconfig")
      const itself = await connectWith(path)
      try {
        assert.ok((await itself.client.get(CONFIG_MAPS, HUB_ENDPOINT)).data)
        const { namespace } = HUB_ENDPOINT
        const forbidden = (call: Promise<unknown>) => assert.rejects(call, (e: Error) => hasReason(e, "Forbidden"))
        await forbidden(itself.client.get(CONFIG_MAPS, { namespace, name: "other" }))
        await forbidden(itself.client.list(CONFIG_MAPS, { namespace }))
        await forbidden(itself.client.patch(CONFIG_MAPS, HUB_ENDPOINT, { merge: { data: {} } }))
      } finally {
        itself.close()
      }
    })
  })
}

const newWork = (name: string) => ({
  apiVersion: "work.open-cluster-management.io/v1" as const,
  kind: "ManifestWork" as const,
  metadata: { namespace: CLUSTER, name },
  spec: {
    workload: {
      manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name }, data: {} }],
    },
  },
})
