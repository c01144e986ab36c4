// A hub for the contract of links, by an administrator's hands instead of controllers.
import type { LinkedHub } from "#agent/hub-link.contract.ts"
import { DETACHED_LEASE, detachedLease, tombstonesOf, withTombstones } from "#api/cluster/detached.ts"
import { HUB_ENDPOINT, hubEndpoint } from "#api/cluster/hub-endpoint.ts"
import { CLUSTER_LEASE } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { DAY_MS, newCertificateAuthority } from "#lib/x509/authority.ts"
import type { Runtime } from "#runtime/controller.ts"

type Hands = Omit<LinkedHub, "link" | "entrance" | "until" | "runtime" | "cluster">

/** @param admin  of a hub with its definitions and nothing that runs */
export function handsOn(admin: KubeClient, cluster: string, { clock, random }: Runtime): Hands {
  const detached = { namespace: cluster, name: DETACHED_LEASE }
  const namespace = async (name: string) => {
    try {
      await admin.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } })
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error
    }
  }
  const readTombstones = async () => {
    try {
      return await admin.get(LEASES, detached)
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined
      throw error
    }
  }
  return {
    async accept() {
      await namespace(cluster)
      const metadata = { namespace: cluster, name: CLUSTER_LEASE }
      await admin.create(LEASES, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: {} })
      await admin.patch(MANAGED_CLUSTERS, { name: cluster }, { merge: { spec: { hubAcceptsClient: true } } })
    },
    createWork: (work) => admin.create(MANIFEST_WORKS, work),
    async deleteWork(name) {
      await admin.delete(MANIFEST_WORKS, { namespace: cluster, name })
    },
    async publish(endpoint) {
      await namespace(HUB_ENDPOINT.namespace)
      const published = hubEndpoint(endpoint)
      try {
        await admin.create(CONFIG_MAPS, published)
      } catch (error) {
        if (!hasReason(error, "AlreadyExists")) throw error
        await admin.update(CONFIG_MAPS, published)
      }
    },
    async leaveTombstone(tombstone) {
      const lease = await readTombstones()
      if (lease === undefined) await admin.create(LEASES, detachedLease(cluster, [tombstone]))
      else await admin.update(LEASES, withTombstones(lease, [...tombstonesOf(lease), tombstone]))
    },
    tombstones: async () => tombstonesOf(await readTombstones()),
    async sign(name) {
      const lifetimeMs = 30 * DAY_MS
      const { certificatePem } = newCertificateAuthority({ commonName: "anybody", clock, random, lifetimeMs })
      const certificate = Buffer.from(certificatePem).toString("base64")
      const request = await admin.get(CERTIFICATE_SIGNING_REQUESTS, { name })
      const condition = { type: "Approved", status: "True" as const, reason: "R", message: "" }
      const status = { ...request.status, conditions: [condition] }
      const approved = await admin.update(
        CERTIFICATE_SIGNING_REQUESTS,
        { ...request, status },
        { subresource: "approval" },
      )
      const signed = { ...approved, status: { ...approved.status, certificate } }
      await admin.update(CERTIFICATE_SIGNING_REQUESTS, signed, { subresource: "status" })
      return certificate
    },
    async deleteRequest(name) {
      await admin.delete(CERTIFICATE_SIGNING_REQUESTS, { name })
    },
  }
}
