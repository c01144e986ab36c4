// Agents that run elsewhere than the cluster that they manage, and clusters that are brought in from the hub's side.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CONFIG_MAPS, SECRETS } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import {
  AGENT_NAMESPACE,
  AGENT_SERVICE_ACCOUNT,
  BOOTSTRAP_SECRET,
  HUB_KUBECONFIG_SECRET,
  MANAGED_KUBECONFIG_SECRET,
} from "#hub/install/names.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { realClock } from "#lib/clock.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, hawser, startHawser, type Connected, type Running } from "../support/hawser.ts"
import { argumentsOf, asServiceAccount, IMAGE } from "./deployments.ts"
import type { TwoServers } from "./commands.cases.ts"

const HOSTED = { namespace: "klusterlet-shop1", name: AGENT_SERVICE_ACCOUNT }
const DEPLOYED = { namespace: AGENT_NAMESPACE, name: AGENT_SERVICE_ACCOUNT }
const HUB_CREDENTIALS = (namespace: string) => ({ namespace, name: HUB_KUBECONFIG_SECRET })

/** Registers the cases. The hub's cluster hosts agents too. @param label  which implementation they run on */
export function hostedCases(label: string, start: (dir: string) => Promise<TwoServers>): void {
  describe(label, () => {
    const dir = mkdtempSync(join(tmpdir(), "hawser-hosted-"))
    const running: Running[] = []
    let servers: TwoServers
    let hub: Connected
    let spoke: Connected
    let agent: Running

    before(async () => {
      servers = await start(dir)
      hub = await connectWith(servers.hubKubeconfig)
      spoke = await connectWith(servers.spokeKubeconfig)
      const prepared = await hawser(dir, "init", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(prepared.code, 0, prepared.stderr)
      begin("hub", "--kubeconfig", servers.hubKubeconfig)
    })
    after(async () => {
      await Promise.all(running.map((process) => process.stop("SIGKILL")))
      hub?.close()
      spoke?.close()
      await servers?.dispose()
      rmSync(dir, { recursive: true, force: true })
    })
    const begin = (...args: string[]) => {
      const process = startHawser(dir, ...args)
      running.push(process)
      return process
    }
    const importing = (cluster: string, ...args: string[]) => {
      const files = ["--kubeconfig", servers.hubKubeconfig, "--managed-cluster-kubeconfig", servers.spokeKubeconfig]
      return hawser(dir, "import", cluster, ...files, "--image", IMAGE, ...args)
    }
    /** What the pod finds in a Secret, as a file here. */
    const mounted = async ({ client }: Connected, namespace: string, name: string) => {
      const { data = {} } = await client.get(SECRETS, { namespace, name })
      const file = `${namespace}-${name}`
      writeFileSync(join(dir, file), Buffer.from(data["kubeconfig"] ?? "", "base64"))
      return file
    }
    const isApplied = (cluster: string, work: string) =>
      eventually(async () => {
        const { status } = await hub.client.get(MANIFEST_WORKS, { namespace: cluster, name: work })
        assert.ok(
          status?.conditions?.some((c) => c.type === "Applied" && c.status === "True"),
          JSON.stringify(status),
        )
      })

    test(`${label}: a cluster that cannot be reached, or is not let in, changes nothing on the hub`, async () => {
      const { server: _, ...rest } = spoke.kubeconfig
      writeFileSync(join(dir, "away"), kubeconfigText({ ...rest, server: "https://127.0.0.1:1" }))
      const { cert: __, key: ___, token: ____, ...nobody } = spoke.kubeconfig
      writeFileSync(join(dir, "nobody"), kubeconfigText({ ...nobody, token: "nobody" }))
      for (const [file, code, says] of [
        ["away", 3, /Cannot import the cluster at https:\/\/127.0.0.1:1: it does not answer/],
        ["nobody", 5, /Unauthorized|refuses/],
      ] as const) {
        const args = ["--kubeconfig", servers.hubKubeconfig, "--managed-cluster-kubeconfig", file, "--image", IMAGE]
        const refused = await hawser(dir, "import", "shop1", ...args)
        assert.deepEqual([refused.code, refused.stdout], [code, ""], refused.stderr)
        assert.match(refused.stderr, says)
      }
      const planned = await importing("shop1", "--dry-run", "--mode", "Hosted")
      assert.equal(planned.code, 0, planned.stderr)
      assert.match(planned.stdout, /Deployment klusterlet-shop1\/hawser-agent on .*, hosted/)
      assert.equal(await gone(hub, MANAGED_CLUSTERS, { name: "shop1" }), true)
    })

    test(`${label}: options that do not fit together are refused`, async () => {
      const join = (...args: string[]) =>
        hawser(dir, "join", "--cluster-name", "x", "--hub-apiserver", "https://hub", "--hub-token", "t", ...args)
      for (const args of [
        ["--mode", "hosted", "--deploy", "--image", IMAGE],
        ["--mode", "hosted", "--managed-cluster-kubeconfig", servers.spokeKubeconfig],
        ["--managed-cluster-kubeconfig", servers.spokeKubeconfig, "--deploy", "--image", IMAGE],
        ["--mode", "elsewhere"],
      ]) {
        const { code, stdout } = await join("--ca-file", "none", ...args)
        assert.deepEqual([code, stdout], [2, ""], args.join(" "))
      }
    })

    test(`${label}: imported and hosted: the agent runs beside the hub, with a token of the cluster alone`, async () => {
      const started = await importing("shop1", "--mode", "hosted", "--labels", "region=eu", "--no-wait")
      assert.equal(started.code, 0, started.stderr)
      // What its works may contain is for the administrator to say; what it does for itself must be enough without it.
      await spoke.client.delete(CLUSTER_ROLE_BINDINGS, { name: "open-cluster-management:hawser-agent:execution" })
      await applyManifests(spoke.client, memberManifests({ execution: "aggregated", hosted: true }), {
        clock: realClock,
      })
      await asServiceAccount(hub, join(dir, "hosting-account"), HOSTED.namespace, HOSTED.name)
      const pod = await argumentsOf(hub.client, HOSTED, {
        ":8080": "127.0.0.1:0",
        "/etc/hawser/bootstrap/kubeconfig": await mounted(hub, HOSTED.namespace, BOOTSTRAP_SECRET),
        "/etc/hawser/managed/kubeconfig": await mounted(hub, HOSTED.namespace, MANAGED_KUBECONFIG_SECRET),
        "/var/lib/hawser": "hosted-state",
      })
      agent = begin(...pod, "--hosting-kubeconfig", "hosting-account")
      const done = await importing("shop1", "--mode", "hosted", "--timeout", "60")
      assert.equal(done.code, 0, `${done.stderr}${agent.output()}`)
      assert.match(done.stdout, /cluster shop1 joined and available/)
      const { metadata } = await hub.client.get(MANAGED_CLUSTERS, { name: "shop1" })
      assert.equal(metadata.labels?.["region"], "eu")
    })

    test(`${label}: works arrive on the managed cluster alone, credentials stay on the hosting one`, async () => {
      await hub.client.create(MANIFEST_WORKS, work("shop1", "hosted"))
      await isApplied("shop1", "hosted")
      assert.ok(await spoke.client.get(CONFIG_MAPS, { namespace: "default", name: "hosted" }))
      assert.equal(await gone(hub, CONFIG_MAPS, { namespace: "default", name: "hosted" }), true)
      assert.ok(await hub.client.get(SECRETS, HUB_CREDENTIALS(HOSTED.namespace)))
      assert.equal(await gone(spoke, SECRETS, HUB_CREDENTIALS(AGENT_NAMESPACE)), true)
      assert.doesNotMatch(agent.output(), /forbidden/i)
    })

    test(`${label}: detached, nothing of the hub is left on the managed cluster`, async () => {
      const detached = await hawser(dir, "detach", "shop1", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(detached.code, 0, detached.stderr)
      await eventually(async () => {
        assert.equal(await gone(spoke, CONFIG_MAPS, { namespace: "default", name: "hosted" }), true)
        assert.deepEqual((await spoke.client.list(APPLIED_MANIFEST_WORKS)).items, [])
      })
      await eventually(() => assert.match(agent.output(), /Cleared: nothing of the hub is left here/))
      await agent.stop()
    })

    test(`${label}: imported under another name, the agent runs on the cluster itself`, async () => {
      const started = await importing("shop2", "--no-wait")
      assert.equal(started.code, 0, started.stderr)
      await asServiceAccount(spoke, join(dir, "agent-account"), AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT)
      const pod = await argumentsOf(spoke.client, DEPLOYED, {
        ":8080": "127.0.0.1:0",
        "/etc/hawser/bootstrap/kubeconfig": await mounted(spoke, AGENT_NAMESPACE, BOOTSTRAP_SECRET),
        "/var/lib/hawser": "own-state",
      })
      agent = begin(...pod, "--spoke-kubeconfig", "agent-account")
      const done = await importing("shop2", "--timeout", "60")
      assert.equal(done.code, 0, `${done.stderr}${agent.output()}`)
      await hub.client.create(MANIFEST_WORKS, work("shop2", "own"))
      await isApplied("shop2", "own")
      assert.ok(await spoke.client.get(SECRETS, HUB_CREDENTIALS(AGENT_NAMESPACE)))
    })

    test(`${label}: a cluster that has joined already is not taken away under another name`, async () => {
      const refused = await importing("shop3")
      assert.equal(refused.code, 5, refused.stderr)
      assert.match(refused.stderr, /Cannot import as "shop3": its agent joined as "shop2"/)
      const elsewhere = await importing("shop2", "--hub-apiserver", "https://another")
      assert.equal(elsewhere.code, 5, elsewhere.stderr)
      assert.match(elsewhere.stderr, /Cannot import "shop2": its agent obeys the hub at /)
      assert.equal(await gone(hub, MANAGED_CLUSTERS, { name: "shop3" }), true)
    })

    test(`${label}: an agent that nobody runs is waited for, and the next step is named`, async () => {
      await agent.stop()
      const late = await importing("shop3", "--force", "--timeout", "2", "--mode", "hosted")
      assert.equal(late.code, 4, late.stderr)
      assert.match(late.stderr, /Cannot see "shop3" available after 2 s: /)
      assert.match(late.stderr, /hawser explain cluster shop3; .* -n klusterlet-shop3 logs deployment\/hawser-agent/)
    })
  })
}

async function gone<T extends KubeObject>(
  { client }: Connected,
  type: ResourceType<T>,
  key: { readonly namespace?: string; readonly name: string },
): Promise<boolean> {
  try {
    await client.get(type, key)
    return false
  } catch (error) {
    if (hasReason(error, "NotFound")) return true
    throw error
  }
}

const work = (namespace: string, name: string) => ({
  apiVersion: "work.open-cluster-management.io/v1" as const,
  kind: "ManifestWork" as const,
  metadata: { namespace, name },
  spec: {
    workload: {
      manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name }, data: {} }],
    },
  },
})
