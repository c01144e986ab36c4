import { seededRandom } from "#lib/random.ts"
import type { Log } from "#lib/log.ts"
import { silentLog } from "#lib/log.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import type { VirtualClock } from "#lib/virtual-clock.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { hubCrds, memberCrds } from "#api/crds.ts"
import { newApiServer } from "#apiserver/apiserver.ts"
import type { ApiServer } from "#apiserver/apiserver.ts"
import { LOOPBACK } from "#apiserver/authentication/user.ts"
import { builtinResources } from "#apiserver/builtin/resources.ts"
import { newStoredReader } from "#apiserver/registry/stored-reader.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import { newAuthenticator } from "#apiserver/authentication/authenticator.ts"
import { newServiceAccountIssuer } from "#apiserver/authentication/service-account-issuer.ts"
import { rbacEscalation } from "#apiserver/authorization/escalation.ts"
import { newRbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import { reviewResources } from "#apiserver/reviews/reviews.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { Authenticator, Authorizer } from "#apiserver/request.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { newResourceTable } from "#apiserver/resource-table.ts"
import type { MutableResourceTable } from "#apiserver/resource-table.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import type { KubeClient, RestMapper } from "#kube/client.ts"
import { newInformerFactory } from "#kube/informer-factory.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"
import { newVirtualNetwork } from "#simulator/network.ts"
import type { NetworkRecord, VirtualNetwork } from "#simulator/network.ts"

/** One API server on a host of the virtual network. */
export type Cluster = {
  readonly name: string
  readonly server: ApiServer
  readonly resources: MutableResourceTable
  /** Speaks as the administrator, without the network. */
  readonly admin: KubeClient
  /** Takes the host off the network, and brings it back. */
  stop(): void
  start(): void
}

/** Who may do what; by default everybody is who the transport says, and may do everything. */
export type Security = {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly virtual: readonly VirtualResource[]
  readonly admission: readonly AdmissionPlugin[]
}

export type World = {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly records: NetworkRecord[]
  readonly log: Log
  runtime(signal: AbortSignal): Runtime
  cluster(name: string, kind: "hub" | "member", secure?: (reader: ObjectReader) => Security): Promise<Cluster>
  /** A client of `to` on host `from`, by default as the administrator. */
  connect(from: string, to: Cluster, peer?: Parameters<VirtualNetwork["transport"]>[2], token?: string): KubeClient
  informers(client: KubeClient): InformerFactory
}

const OPEN: Security = {
  authenticator: { authenticate: ({ peer }) => peer.user },
  authorizer: { authorize: () => ({ allowed: true, reason: "" }) },
  virtual: [],
  admission: [],
}

const VERSION = {
  major: "1",
  minor: "35",
  gitVersion: "v1.35.4",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "",
  goVersion: "",
  compiler: "",
  platform: "",
}

/** API servers in memory on a virtual clock and a network that can be cut: the whole way from client to storage, in one process. */
export function newWorld(seed = 1, log: Log = silentLog): World {
  const clock = newVirtualClock(Date.parse("2026-01-01T00:00:00Z"))
  const random = seededRandom(seed)
  const records: NetworkRecord[] = []
  const network = newVirtualNetwork({ clock, latencyMs: () => 1, onRecord: (record) => records.push(record) })
  const world: World = {
    clock,
    network,
    records,
    log,
    runtime: (signal) => ({ clock, random, log, signal }),
    connect: (from, to, peer = () => ({ user: LOOPBACK }), token) =>
      newKubeClient({
        transport: network.transport(from, to.name, peer),
        clock,
        userAgent: "test",
        ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      }),
    informers: (client) => newInformerFactory({ client, clock, random, log }),
    async cluster(name, kind, secure) {
      const storage = memoryStorage()
      const resources = newResourceTable({ builtin: builtinResources({ random }) })
      const reader = newStoredReader({ storage, resources })
      const security = secure?.(reader) ?? OPEN
      const server = newApiServer({
        clock,
        random,
        log,
        storage,
        reader,
        resources,
        ...security,
        version: VERSION,
      })
      const crds = kind === "hub" ? hubCrds() : memberCrds()
      resources.setCustomResources(crds.map(established))
      await server.bootstrap([namespace("default"), namespace("kube-system")])
      let leave = network.listen(name, server.handler)
      const cluster: Cluster = {
        name,
        server,
        resources,
        admin: newKubeClient({
          transport: (request) => server.handler({ ...request, peer: { address: "here", user: LOOPBACK } }),
          clock,
          userAgent: "test",
        }),
        stop: () => leave(),
        start: () => void (leave = network.listen(name, server.handler)),
      }
      return cluster
    },
  }
  return world
}

export const namespace = (name: string): UnknownObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })

export const configMap = (name: string, data: Record<string, string>, ns = "default"): UnknownObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: ns, name },
  data,
})

/** Serving definitions is the business of a controller that these tests do without. */
function established(crd: UnknownObject): UnknownObject {
  const condition = { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "" }
  const spec = crd.spec as { names: unknown }
  return {
    ...crd,
    metadata: { ...crd.metadata, uid: crd.metadata.name! },
    status: { conditions: [condition], acceptedNames: spec.names, storedVersions: [] },
  }
}

/** Finds kinds in the server's own table. */
export function mapperOf({ resources }: Cluster): RestMapper {
  const toType = (info: ReturnType<MutableResourceTable["findKind"]>): ResourceType | undefined =>
    info && {
      group: info.group,
      version: info.version,
      resource: info.resource,
      kind: info.kind,
      namespaced: info.namespaced,
    }
  return {
    async resourceFor(apiVersion, kind) {
      const { group, version } = parseApiVersion(apiVersion)
      return toType(resources.findKind(group, version, kind))
    },
    async resourceNamed(group, resource) {
      return toType(resources.all().find((info) => info.group === group && info.resource === resource))
    },
  }
}

/** Real authentication and RBAC, with `ca` as the authority of client certificates and the signer of tokens. */
export function realSecurity(
  world: World,
  ca: { readonly certificatePem: string; readonly keyPem: string },
): (reader: ObjectReader) => Security {
  const issuer = newServiceAccountIssuer({ keyPem: ca.keyPem, issuer: "https://issuer" })
  return (reader) => {
    const authenticator = newAuthenticator({
      reader,
      clock: world.clock,
      clientCas: ca.certificatePem,
      serviceAccountIssuer: issuer.issuer,
      serviceAccountKeys: [ca.keyPem],
    })
    const authorizer = newRbacAuthorizer(reader)
    const random = seededRandom(3)
    return {
      authenticator,
      authorizer,
      virtual: reviewResources({ reader, authorizer, authenticator, issuer, random }),
      admission: [rbacEscalation(authorizer)],
    }
  }
}
