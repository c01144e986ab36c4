// Hub and agent as they are deployed: with the service accounts of their installation, more than one hub, and probes.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { AVAILABLE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { findCondition, isConditionTrue } from "#apimachinery/conditions.ts"
import {
  AGENT_NAMESPACE,
  AGENT_SERVICE_ACCOUNT,
  HUB_COMPONENTS_NAMESPACE,
  HUB_SERVICE_ACCOUNT,
} from "#hub/install/names.ts"
import { applyManifests } from "#hub/install/apply-manifests.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import type { KubeClient } from "#kube/client.ts"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { realClock } from "#lib/clock.ts"
import { EVENTS } from "#kube/events.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, hawser, startHawser, type Connected, type Running } from "../support/hawser.ts"
import { startRelay, type Relay } from "../support/relay.ts"
import { arePodsRestricted, areReplicasGuarded, argumentsOf, asServiceAccount, IMAGE } from "./deployments.ts"
import { upgrading } from "./upgrading.ts"
import { staleAfterDetachment, twoAtOnce } from "./stale-leader.ts"
import type { TwoServers } from "./commands.cases.ts"

export type OperatedServers = TwoServers & {
  /** Kills the hub's API server. */
  readonly killHub: () => Promise<unknown>
}

const HUB = { namespace: HUB_COMPONENTS_NAMESPACE, name: HUB_SERVICE_ACCOUNT }
const AGENT = { namespace: AGENT_NAMESPACE, name: AGENT_SERVICE_ACCOUNT }

/** What is promised: whoever waits leads by then after a kill. Starting a process is not in it. */
const NEXT_LEADER_WITHIN_MS = 5_000

/** Registers the cases. @param label  which implementation they run on */
export function operationCases(label: string, start: (dir: string) => Promise<OperatedServers>): void {
  describe(label, () => {
    const dir = mkdtempSync(join(tmpdir(), "hawser-operation-"))
    const running: Running[] = []
    let servers: OperatedServers
    let hub: Connected
    let spoke: Connected
    let hubs: Running[] = []
    let agent: Running
    /** Between the agent and its member. */
    let relay: Relay
    before(async () => {
      servers = await start(dir)
      hub = await connectWith(servers.hubKubeconfig)
      spoke = await connectWith(servers.spokeKubeconfig)
      relay = await startRelay(Number(new URL(spoke.kubeconfig.server).port))
      const deploy = ["--deploy", "--image", IMAGE]
      const prepared = await hawser(dir, "init", "--kubeconfig", servers.hubKubeconfig, ...deploy)
      assert.equal(prepared.code, 0, prepared.stderr)
      const token = await hawser(dir, "token", "--kubeconfig", servers.hubKubeconfig, "-o", "kubeconfig")
      writeFileSync(join(dir, "bootstrap.kubeconfig"), token.stdout)
    })
    after(async () => {
      await Promise.all(running.map((process) => process.stop("SIGKILL")))
      hub?.close()
      spoke?.close()
      await relay?.close()
      await servers?.dispose()
      rmSync(dir, { recursive: true, force: true })
    })
    const begin = (...args: string[]) => {
      const process = startHawser(dir, ...args)
      running.push(process)
      return process
    }
    /** A pod of the Deployment, here. */
    const beginHub = async (...more: string[]) => {
      const args = await argumentsOf(hub.client, HUB, { ":8080": "127.0.0.1:0" })
      return begin(...args, "--kubeconfig", "hub-account.kubeconfig", ...more)
    }
    const create = (name: string) =>
      hub.client.create(MANAGED_CLUSTERS, {
        apiVersion: "cluster.open-cluster-management.io/v1",
        kind: "ManagedCluster",
        metadata: { name },
        spec: { hubAcceptsClient: true },
      })
    /** What the controllers of a hub that leads do for a cluster. */
    const lookedAfter = async (name: string) => {
      const { metadata } = await hub.client.get(MANAGED_CLUSTERS, { name })
      assert.ok((metadata.finalizers ?? []).length > 0, "no hub looks after the cluster")
    }

    test(`${label}: init --deploy again changes nothing, prints the same, and asks for an image`, async () => {
      const before = await hub.client.get(DEPLOYMENTS, HUB)
      const init = (...args: string[]) => hawser(dir, "init", "--kubeconfig", servers.hubKubeconfig, ...args)
      assert.equal((await init("--deploy", "--image", IMAGE)).code, 0)
      assert.deepEqual((await hub.client.get(DEPLOYMENTS, HUB)).spec, before.spec)
      const printed = await init("--deploy", "--image", IMAGE, "-o", "yaml")
      const kinds = (parseYamlDocuments(printed.stdout) as { kind: string }[]).map(({ kind }) => kind)
      assert.deepEqual(kinds.slice(-2), ["Deployment", "PodDisruptionBudget"])
      for (const args of [["--deploy"], ["--image", IMAGE], ["--deploy", "--image", IMAGE, "--run"]]) {
        const refused = await init(...args)
        assert.deepEqual([refused.code, refused.stdout], [2, ""], args.join(" "))
      }
    })

    test(`${label}: two hubs with the installed rights are ready, and one of them leads`, async () => {
      await asServiceAccount(hub, join(dir, "hub-account.kubeconfig"), HUB_COMPONENTS_NAMESPACE, HUB_SERVICE_ACCOUNT)
      hubs = [await beginHub(), await beginHub()]
      for (const process of hubs) await eventually(async () => assert.deepEqual(await ask(process, "/readyz"), OK))
      await eventually(async () => assert.deepEqual((await Promise.all(hubs.map(leads))).toSorted(), [0, 1]))
      assert.deepEqual(await ask(hubs[0]!, "/livez"), OK)
      const verbose = await ask(hubs[0]!, "/readyz?verbose")
      assert.equal(verbose.text, "[+]ping ok\n[+]informer-sync ok\nreadyz check passed\n")
      assert.equal((await ask(hubs[0]!, "/secrets")).status, 404)
    })

    test(`${label}: an agent with the installed rights is ready once the hub has given it a certificate`, async () => {
      const args = ["--cluster-name", "shop1", "--bootstrap-kubeconfig", "bootstrap.kubeconfig"]
      const deploy = ["--deploy", "--image", IMAGE, "--kubeconfig", servers.spokeKubeconfig]
      const prepared = await hawser(dir, "join", ...args, ...deploy)
      assert.equal(prepared.code, 0, prepared.stderr)
      await withoutClusterAdmin(spoke.client)
      const account = join(dir, "agent-account.kubeconfig")
      await asServiceAccount(spoke, account, AGENT_NAMESPACE, AGENT_SERVICE_ACCOUNT, relay.port)
      const pod = await argumentsOf(spoke.client, AGENT, {
        ":8080": "127.0.0.1:0",
        "/etc/hawser/bootstrap/kubeconfig": "bootstrap.kubeconfig",
        "/var/lib/hawser": "state",
      })
      agent = begin(...pod, "--spoke-kubeconfig", "agent-account.kubeconfig")
      await eventually(async () => assert.match((await ask(agent, "/readyz")).text, /\[\+\]informer-sync ok/))
      assert.match((await ask(agent, "/readyz")).text, /\[-\]hub-credentials failed: the hub has issued no certificate/)
      assert.deepEqual(await ask(agent, "/livez"), OK)
      const accepted = await hawser(dir, "accept", "shop1", "--wait", "--kubeconfig", servers.hubKubeconfig)
      assert.equal(accepted.code, 0, accepted.stderr)
      await eventually(async () => assert.deepEqual(await ask(agent, "/readyz"), OK))
      await eventually(async () => {
        const { status } = await hub.client.get(MANAGED_CLUSTERS, { name: "shop1" })
        assert.ok(isConditionTrue(status?.conditions, AVAILABLE), JSON.stringify(status))
      })
    })

    test(`${label}: another image comes to agents in stages, and stops where it does not work`, () =>
      upgrading({
        hub: hub.client,
        spoke: spoke.client,
        agent: AGENT,
        run: (...args) => hawser(dir, "upgrade", "agents", "--kubeconfig", servers.hubKubeconfig, ...args),
      }))

    test(`${label}: metrics tell of works, drift, certificate, lease, queues and caches`, async () => {
      await hub.client.create(MANIFEST_WORKS, {
        apiVersion: "work.open-cluster-management.io/v1",
        kind: "ManifestWork",
        metadata: { name: "a", namespace: "shop1" },
        spec: { workload: { manifests: [CONFIG_MAP] } },
      })
      const live = () => spoke.client.get(CONFIG_MAPS, CONFIG_MAP.metadata)
      await eventually(live)
      await eventually(async () => {
        const { status } = await hub.client.get(MANIFEST_WORKS, { namespace: "shop1", name: "a" })
        assert.ok(isConditionTrue(status?.conditions, "Available"))
      })
      await spoke.client.patch(CONFIG_MAPS, CONFIG_MAP.metadata, { merge: { data: { a: "by hand" } } })
      await eventually(async () => assert.deepEqual((await live()).data, CONFIG_MAP.data))
      await eventually(async () =>
        assert.equal(await metric(agent, 'hawser_agent_drift_corrected_total{resource="configmaps"}'), 1),
      )
      const ttl = await metric(agent, 'hawser_agent_certificate_ttl_seconds{cluster="shop1"}')
      assert.ok(ttl > 3_000, `${ttl} s`)
      const age = await metric(agent, 'hawser_agent_lease_renewal_age_seconds{cluster="shop1"}')
      assert.ok(age >= 0 && age < 60, `${age} s`)
      assert.equal(await metric(agent, 'hawser_agent_hub_session{cluster="shop1"}'), 1)
      assert.ok((await metric(agent, 'hawser_agent_apply_duration_seconds_count{verb="create",result="success"}')) >= 1)
      assert.ok((await metric(agent, 'workqueue_adds_total{name="manifestwork"}')) >= 1)
      const leader = await leaderOf(hubs)
      const counted = 'controller_runtime_reconcile_total{controller="accept",result="success"}'
      assert.ok((await metric(leader, counted)) >= 1)
      assert.equal(await metric(leader, 'hawser_hub_managed_clusters{available="True"}'), 1)
      const resource = 'resource="managedclusters.cluster.open-cluster-management.io"'
      for (const process of hubs) {
        assert.equal(await metric(process, `hawser_informer_synced{${resource}}`), 1)
        assert.equal(await metric(process, `hawser_informer_objects{${resource}}`), 1)
      }
    })

    test(`${label}: Events tell of joining, acceptance, failures and drift`, async () => {
      await hub.client.create(MANIFEST_WORKS, {
        apiVersion: "work.open-cluster-management.io/v1",
        kind: "ManifestWork",
        metadata: { name: "unknown", namespace: "shop1" },
        spec: { workload: { manifests: [{ apiVersion: "a.b/v1", kind: "Nothing", metadata: { name: "n" } }] } },
      })
      const told = async (namespace: string) =>
        (await hub.client.list(EVENTS, { namespace })).items.map(
          ({ type, reason, regarding, reportingController }) =>
            `${type} ${reason} ${regarding.kind} by ${reportingController.split("-").at(-1)}`,
        )
      await eventually(async () =>
        assert.deepEqual((await told("shop1")).toSorted(), [
          "Normal Available ManagedCluster by agent",
          "Normal DriftCorrected ManifestWork by agent",
          "Normal ManagedClusterAccepted ManagedCluster by hub",
          "Normal ManagedClusterJoined ManagedCluster by agent",
          "Warning AppliedManifestWorkFailed ManifestWork by agent",
        ]),
      )
      const byHub = (await told("default")).filter((event) => event.endsWith("by hub"))
      assert.deepEqual(byHub, ["Normal ManagedClusterCSRNotAutoApproved CertificateSigningRequest by hub"])
      await hub.client.delete(MANIFEST_WORKS, { namespace: "shop1", name: "unknown" })
    })

    test(`${label}: what is written from before a cluster was detached is undone`, () =>
      staleAfterDetachment(hub.client))

    test(`${label}: what is written from before a denial fails or is undone, with two hubs at work`, async () => {
      const second = await beginHub("--no-leader-elect")
      await eventually(async () => assert.deepEqual(await ask(second, "/readyz"), OK))
      await twoAtOnce(hub.client)
      assert.equal(await second.stop(), 0)
      assert.doesNotMatch(second.output(), /"level":"(warn|error)"/)
    })

    test(`${label}: the next hub leads within 5 s of a kill, and begins where the first was`, async () => {
      const leader = await leaderOf(hubs)
      const next = hubs.find((process) => process !== leader)!
      const beganMs = Date.now()
      await Promise.all([leader.stop("SIGKILL"), create("while-nobody-leads")])
      await eventually(() => lookedAfter("while-nobody-leads"))
      const tookMs = Date.now() - beganMs
      assert.ok(tookMs < NEXT_LEADER_WITHIN_MS, `took ${tookMs} ms`)
      assert.equal(await leads(next), 1)
      hubs = [next]
    })

    test(`${label}: a hub that ends gives its lease back, and the next leads at once`, async () => {
      const [leader] = hubs as [Running]
      const next = await beginHub()
      await eventually(async () => assert.deepEqual(await ask(next, "/readyz"), OK))
      const beganMs = Date.now()
      assert.equal(await leader.stop("SIGTERM"), 0)
      await create("after-the-end")
      await eventually(() => lookedAfter("after-the-end"))
      assert.ok(Date.now() - beganMs < 3_000, `took ${Date.now() - beganMs} ms`)
      hubs = [next]
    })

    test(`${label}: the pods are restricted, and a drain takes one hub at a time`, async () => {
      await arePodsRestricted(hub.client, HUB)
      await arePodsRestricted(spoke.client, AGENT)
      await areReplicasGuarded(hub.client, spoke.client)
    })

    // Items 3 and 4 of the list of what is easily got wrong: a moment's failure is no news.
    test(`${label}: a member whose API server fails is unavailable after 20 s of it, tainted, and back by itself`, async () => {
      const available = async () => {
        const { spec, status } = await hub.client.get(MANAGED_CLUSTERS, { name: "shop1" })
        return {
          ...findCondition(status?.conditions ?? [], AVAILABLE),
          taints: (spec.taints ?? []).map(({ key }) => key),
        }
      }
      assert.equal((await available()).status, "True")
      const cutMs = Date.now()
      relay.cut()
      await eventually(async () => {
        const { status, message, lastTransitionTime = "", taints } = await available()
        assert.equal(status, "False")
        assert.match(message ?? "", /^The kube-apiserver is not ok/)
        // Times on the hub are whole seconds.
        assert.ok(Date.parse(lastTransitionTime) > cutMs + 19_000, `${lastTransitionTime}, cut at ${cutMs}`)
        assert.deepEqual(taints, ["cluster.open-cluster-management.io/unavailable"])
      }, 90_000)
      relay.mend()
      await eventually(async () => {
        const { status, taints } = await available()
        assert.deepEqual([status, taints], ["True", []])
      }, 60_000)
    })

    test(`${label}: hub and agent had all the rights that they asked for`, () => {
      for (const process of [...hubs, agent]) assert.doesNotMatch(process.output(), /forbidden/i)
    })

    test(`${label}: a hub's API server that is away leaves the agent ready, and drift is corrected`, async () => {
      await servers.killHub()
      await spoke.client.patch(CONFIG_MAPS, CONFIG_MAP.metadata, { merge: { data: { a: "by hand again" } } })
      const corrected = 'hawser_agent_drift_corrected_total{resource="configmaps"}'
      await eventually(async () => assert.equal(await metric(agent, corrected), 2))
      assert.deepEqual(await ask(agent, "/readyz"), OK)
      assert.deepEqual(await ask(agent, "/livez"), OK)
    })
  })
}

const CONFIG_MAP = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "default" },
  data: { a: "as it should be" },
}

/** The other way to install a member: what the agent does for itself must not lean on what its works may contain. */
async function withoutClusterAdmin(spoke: KubeClient): Promise<void> {
  await spoke.delete(CLUSTER_ROLE_BINDINGS, { name: "open-cluster-management:hawser-agent:execution" })
  await applyManifests(spoke, memberManifests({ execution: "aggregated" }), { clock: realClock })
}

const OK = { status: 200, text: "ok" }

/** What a process answers on the address that its log names. */
async function ask(process: Running, path: string): Promise<{ readonly status: number; readonly text: string }> {
  const [, address] =
    /"message":"Serves health and metrics".*"address":"([^"]+)"/.exec(process.output()) ??
    assert.fail(`it serves nothing yet: ${process.output()}`)
  const response = await fetch(`http://${address}${path}`)
  return { status: response.status, text: await response.text() }
}

async function metric(process: Running, series: string): Promise<number> {
  const { text } = await ask(process, "/metrics")
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `))
  assert.ok(line !== undefined, `no ${series} in:\n${text}`)
  return Number(line.slice(series.length + 1))
}

const leads = (process: Running) => metric(process, 'leader_election_master_status{name="hawser-hub"}')

async function leaderOf(hubs: readonly Running[]): Promise<Running> {
  for (const process of hubs) if ((await leads(process)) === 1) return process
  return assert.fail("no hub leads")
}
