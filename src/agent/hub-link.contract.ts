// What every link to a hub keeps to. Run by each implementation, with a hub behind it.
import assert from "node:assert/strict"
import { test, type TestContext } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import type { HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import type { Tombstone } from "#api/cluster/detached.ts"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { seededRandom } from "#lib/random.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { HubEntrance, HubLink } from "./hub-link.ts"

/** A hub that knows no cluster yet, and its administrator's hands. */
export type LinkedHub = {
  readonly cluster: string
  readonly runtime: Runtime
  readonly link: HubLink
  readonly entrance: HubEntrance
  /** The hub accepts the cluster, and gives it its lease. */
  accept(): Promise<void>
  createWork(work: ManifestWork): Promise<ManifestWork>
  deleteWork(name: string): Promise<void>
  publish(endpoint: HubEndpoint): Promise<void>
  leaveTombstone(tombstone: Tombstone): Promise<void>
  tombstones(): Promise<readonly Tombstone[]>
  /** @returns the certificate that the request is answered with, as in its status */
  sign(request: string): Promise<string>
  deleteRequest(name: string): Promise<void>
  /** Lets time and messages pass until it holds. @throws when that takes too long */
  until(condition: () => boolean): Promise<void>
}

export function testHubLink(name: string, newHub: (t: TestContext) => Promise<LinkedHub>): void {
  const cases: Record<string, (hub: LinkedHub) => Promise<void>> = {
    async "a cluster is announced, found, and followed until it is accepted"(hub) {
      const { entrance, runtime, cluster } = hub
      await assert.rejects(entrance.getCluster(cluster, runtime.signal), (e) => hasReason(e, "NotFound"))
      await entrance.createCluster(managedCluster(cluster), runtime.signal)
      assert.equal((await entrance.getCluster(cluster, runtime.signal)).metadata.name, cluster)
      await assert.rejects(entrance.createCluster(managedCluster(cluster), runtime.signal), (e) =>
        hasReason(e, "AlreadyExists"),
      )
      const seen: boolean[] = []
      entrance.followCluster(runtime, cluster, ({ spec }) => seen.push(spec.hubAcceptsClient === true))
      await hub.until(() => seen.includes(false))
      await hub.accept()
      await hub.until(() => seen.includes(true))
    },

    async "own cluster: read, cached, its status written on the version that was seen"(hub) {
      const { link, runtime } = await joined(hub)
      const { signal } = runtime
      const { cache } = link.cluster
      link.start(signal)
      await hub.until(() => cache.get(hub.cluster) !== undefined)
      const seen = await link.cluster.get(signal)
      const status = (version: string, resourceVersion = seen.metadata.resourceVersion!) =>
        link.cluster.write(
          {
            do: "patch",
            type: cache.type,
            key: { name: hub.cluster },
            patch: { status: { version: { kubernetes: version } } },
            subresource: "status",
            resourceVersion,
          },
          signal,
        )
      assert.equal((await status("v1.35.0"))?.status?.version?.kubernetes, "v1.35.0")
      await hub.until(() => cache.get(hub.cluster)?.status?.version?.kubernetes === "v1.35.0")
      await assert.rejects(status("v1.34.0"), (e) => hasReason(e, "Conflict"))
    },

    async "works: cached as they come and go, read, and their status written"(hub) {
      const { link, runtime } = await joined(hub)
      const { signal } = runtime
      const { cache } = link.works
      const changes: string[] = []
      cache.onChange(({ kind, object }) => changes.push(`${kind} ${object.metadata.name}`))
      link.start(signal)
      await hub.until(() => cache.synced)
      await assert.rejects(link.works.get("w1", signal), (e) => hasReason(e, "NotFound"))
      await hub.createWork(work(hub.cluster, "w1"))
      await hub.until(() => changes.length === 1)
      const seen = await link.works.get("w1", signal)
      const condition = { type: "Applied", status: "True", reason: "R", message: "", lastTransitionTime: TIME }
      const written = await link.works.write(
        {
          do: "patch",
          type: cache.type,
          key: { namespace: hub.cluster, name: "w1" },
          patch: { status: { conditions: [condition] } },
          subresource: "status",
          uid: seen.metadata.uid!,
        },
        signal,
      )
      assert.deepEqual(written?.status?.conditions, [condition])
      await hub.until(() => changes.length === 2)
      await hub.deleteWork("w1")
      await hub.until(() => changes.length === 3)
      assert.deepEqual(changes, ["added w1", "changed w1", "deleted w1"])
    },

    async "lease: renewed again and again, and read"(hub) {
      const { link, runtime } = await joined(hub)
      const { signal } = runtime
      assert.equal(await link.lease.renewedAt(signal), "")
      await link.lease.renew(Date.parse(TIME), signal)
      assert.equal(await link.lease.renewedAt(signal), "2026-01-01T00:00:00.000000Z")
      await link.lease.renew(Date.parse(TIME) + 60_000, signal)
      assert.equal(await link.lease.renewedAt(signal), "2026-01-01T00:01:00.000000Z")
    },

    async "tombstones: read, and one of them cleared"(hub) {
      const { link, runtime } = await joined(hub)
      const detachedMs = Date.parse(TIME)
      for (const uid of ["u1", "u2"]) await hub.leaveTombstone({ uid, detachedMs, workloads: "remove" })
      assert.deepEqual(
        (await link.tombstones.list(runtime.signal)).map(({ uid }) => uid),
        ["u1", "u2"],
      )
      await link.tombstones.clear("u2", detachedMs + 1_000, runtime.signal)
      await link.tombstones.clear("u3", detachedMs + 1_000, runtime.signal)
      assert.deepEqual(
        (await hub.tombstones()).map(({ uid, clearedMs }) => [uid, clearedMs]),
        [
          ["u1", undefined],
          ["u2", detachedMs + 1_000],
        ],
      )
    },

    async "endpoint: told once something is published, and of what cannot be read"(hub) {
      const { link, runtime } = await joined(hub)
      const told: (HubEndpoint | Error | undefined)[] = []
      await hub.publish({ server: "https://hub.one" })
      link.endpoint.follow(runtime, (endpoint) => told.push(endpoint))
      await hub.until(() => told.length > 0)
      await hub.publish({ server: "https://hub.two", former: ["https://hub.one"] })
      await hub.until(() => told.length > 1)
      await hub.publish({ server: "ftp://hub" })
      await hub.until(() => told.length > 2)
      assert.deepEqual(told.slice(0, 2), [
        { server: "https://hub.one" },
        { server: "https://hub.two", former: ["https://hub.one"] },
      ])
      assert.ok(told[2] instanceof Error)
    },

    async "certificates: asked for, listed, followed to the answer, or to the end"(hub) {
      const { link, runtime } = await joined(hub)
      const { signal } = runtime
      const first = await link.certificates.create(request(hub.cluster), signal)
      const second = await link.certificates.create(request(hub.cluster), signal)
      const listed = await link.certificates.list(hub.cluster, signal)
      const names = [first.metadata.name!, second.metadata.name!]
      assert.deepEqual(listed.map(({ metadata }) => metadata.name).toSorted(), names.toSorted())
      assert.deepEqual(await link.certificates.list("another", signal), [])
      const told = new Map<string, (string | undefined)[]>(names.map((name) => [name, []]))
      for (const name of names) {
        link.certificates.follow(runtime, name, (seen) =>
          told.get(name)!.push(seen === undefined ? "gone" : seen.status?.certificate),
        )
      }
      await hub.until(() => [...told.values()].every((states) => states.length === 1))
      const certificate = await hub.sign(names[0]!)
      await hub.deleteRequest(names[1]!)
      await hub.until(() => told.get(names[0]!)!.includes(certificate))
      await hub.until(() => told.get(names[1]!)!.includes("gone"))
    },

    async "what is told to stop sends nothing"(hub) {
      const { link, entrance, cluster } = await joined(hub)
      const stopped = AbortSignal.abort(new Error("told to stop"))
      await assert.rejects(link.cluster.get(stopped))
      await assert.rejects(link.works.get("w1", stopped))
      await assert.rejects(entrance.getCluster(cluster, stopped))
    },
  }
  for (const [title, run] of Object.entries(cases)) test(`${name}: ${title}`, async (t) => run(await newHub(t)))
}

const TIME = "2026-01-01T00:00:00Z"

async function joined(hub: LinkedHub): Promise<LinkedHub> {
  await hub.entrance.createCluster(managedCluster(hub.cluster), hub.runtime.signal)
  await hub.accept()
  return hub
}

const managedCluster = (name: string): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name },
  spec: {},
})

const work = (namespace: string, name: string): ManifestWork => ({
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: { namespace, name },
  spec: { workload: { manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "b" } }] } },
})

/** Of a signer that nobody is. */
const request = (cluster: string): CertificateSigningRequest => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { generateName: `${cluster}-`, labels: { [CLUSTER_NAME_LABEL]: cluster } },
  spec: {
    request: Buffer.from(
      createCsr({ key: newPrivateKey(seededRandom(1)), commonName: "somebody", organizations: [] }),
    ).toString("base64"),
    signerName: "example.com/signer",
    usages: ["client auth"],
  },
})
