// An embedded API server put together with its own authentication, authorization and controllers: what a hub stands on,
// and what every simulated member is.
import type { HttpResponse, Transport } from "#lib/http.ts"
import type { Metrics } from "#lib/metrics.ts"
import { NO_OUTBOUND, type Outbound } from "#lib/outbound.ts"
import { loadCertificateAuthority } from "#lib/x509/authority.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KubeClient } from "#kube/client.ts"
import type { InformerFactory } from "#kube/informer.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import { paramAccess } from "#apiserver/admission/policies/param-access.ts"
import { validatingPolicies } from "#apiserver/admission/policies/validating.ts"
import { mutatingWebhooks } from "#apiserver/admission/webhooks/mutating.ts"
import { validatingWebhooks } from "#apiserver/admission/webhooks/validating.ts"
import { newRemoteServices } from "#apiserver/aggregation/api-services.ts"
import { newAggregationProxy, type AggregationDeps } from "#apiserver/aggregation/proxy.ts"
import { newRemoteDiscovery, type RemoteDiscovery } from "#apiserver/aggregation/remote-discovery.ts"
import { newApiServer, type ApiServer } from "#apiserver/apiserver.ts"
import { conversionWebhook } from "#apiserver/apiextensions/conversion/conversion-webhook.ts"
import { newAuthenticator } from "#apiserver/authentication/authenticator.ts"
import type { FrontProxyOptions } from "#apiserver/authentication/front-proxy.ts"
import type { FetchJson, OidcIssuer } from "#apiserver/authentication/oidc/issuer.ts"
import { newOidcAuthenticator } from "#apiserver/authentication/oidc/oidc-authenticator.ts"
import { PROXY_NAME, type ServerPki } from "#apiserver/authentication/server-pki.ts"
import { newServiceAccountIssuer, type ServiceAccountIssuer } from "#apiserver/authentication/service-account-issuer.ts"
import { LOOPBACK, type UserInfo } from "#apiserver/authentication/user.ts"
import { newRbacAuthorizer, type RbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import { rbacEscalation } from "#apiserver/authorization/escalation.ts"
import { bootstrapObjects } from "#apiserver/builtin/bootstrap-objects.ts"
import { builtinResources } from "#apiserver/builtin/resources.ts"
import { certificateAdmission } from "#apiserver/certificates/csr-admission.ts"
import { newDiscoveryHandler } from "#apiserver/discovery/handler.ts"
import type { AuditOptions } from "#apiserver/filters/audit.ts"
import type { ServerVersion } from "#apiserver/handlers/plain-handler.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { newServiceResolver, type ServiceResolver } from "#apiserver/outbound/service-resolver.ts"
import { newStoredReader } from "#apiserver/registry/stored-reader.ts"
import type { Handler, ServerRequest } from "#apiserver/request.ts"
import { followCustomResources, newResourceTable } from "#apiserver/resource-table.ts"
import { reviewResources } from "#apiserver/reviews/reviews.ts"
import { compactRegularly } from "#apiserver/storage/compaction.ts"
import type { Storage } from "#apiserver/storage/storage.ts"
import { startAuthenticationConfig } from "./aggregation/authentication-config.controller.ts"
import { startApiAvailability } from "./aggregation/availability.controller.ts"
import { startApiRegistration } from "./aggregation/registration.controller.ts"
import { startAggregation } from "./cluster-roles/aggregation.controller.ts"
import { startDefinitions } from "./definitions/definition.controller.ts"
import { startEventExpiry } from "./events/event-expiry.controller.ts"
import { limitRangeAdmission } from "./limit-ranges/limits.admission.ts"
import { startTypeChecking } from "./admission-policies/type-checking.controller.ts"
import { startBootstrapTokens } from "./bootstrap-tokens/bootstrap-token.controller.ts"
import { startDisruption } from "./disruption/disruption.controller.ts"
import { podEviction } from "./disruption/eviction.ts"
import { startEndpoints } from "./endpoints/endpoints.controller.ts"
import { startGarbageCollector } from "./garbage-collector/garbage-collector.controller.ts"
import { startKubelet, type KubeletOptions } from "./kubelet/kubelet.controller.ts"
import { podConnections } from "./kubelet/streams/pod-connections.ts"
import { newLocalInformerFactory } from "./local-informers.ts"
import { startNamespaces } from "./namespaces/namespace.controller.ts"
import { quotaAdmission } from "./resource-quota/quota.admission.ts"
import { runtimeClassAdmission } from "./runtime-classes/runtime-class.admission.ts"
import { startResourceQuotas } from "./resource-quota/quota.controller.ts"
import { startRootCa } from "./root-ca/root-ca.controller.ts"
import { podBinding } from "./scheduler/binding.ts"
import { startScheduler } from "./scheduler/scheduler.controller.ts"
import { startTokenSecrets } from "./service-accounts/token-secret.controller.ts"
import { startServiceAccounts } from "./service-accounts/service-account.controller.ts"
import { startSigning } from "./signing/signing.controller.ts"
import { startWorkloads } from "./workloads/workload.controllers.ts"

/** What version of Kubernetes the server says it is. */
export const KUBERNETES_VERSION = "v1.35.4"

const [major = "", minor = ""] = KUBERNETES_VERSION.slice(1).split(".")
const VERSION_INFO: ServerVersion = {
  major,
  minor,
  gitVersion: `${KUBERNETES_VERSION}+hawser`,
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "",
}

export type EmbeddedServerOptions = {
  readonly storage: Storage
  readonly pki: ServerPki
  /** Issuer of service account tokens: an address that stays. */
  readonly issuer: string
  readonly admission?: (authorizer: RbacAuthorizer, reader: ObjectReader) => readonly AdmissionPlugin[]
  /** Answers further paths that are no resources. @returns undefined for a path that is not its own */
  readonly plain?: (request: ServerRequest) => HttpResponse | undefined
  /** Whether answers name flows: for servers that people look at. Default false. */
  readonly flowControl?: boolean
  readonly audit?: AuditOptions
  /** Proxies that are believed whom they send requests for. */
  readonly frontProxy?: FrontProxyOptions
  /** Issuers elsewhere whose ID tokens count, and how they are reached. */
  readonly oidc?: { readonly issuers: readonly OidcIssuer[]; readonly fetchJson: FetchJson }
  /** Where requests are counted, and what /metrics tells besides what is stored. */
  readonly metrics?: Metrics
  /** The network to webhooks and aggregated API servers. Absent: none of them can be reached. */
  readonly outbound?: Outbound
  /** Where Services lead to. Absent: to their endpoints. */
  readonly resolveService?: ServiceResolver
  /** Stands before the server for all who call it, in process or not: a simulation's trace. */
  readonly around?: (handler: Handler) => Handler
}

export interface EmbeddedServer {
  readonly api: ApiServer
  readonly handler: Handler
  /** In process, as the server itself. */
  readonly client: KubeClient
  readonly informers: InformerFactory
  readonly pki: ServerPki
  readonly issuer: ServiceAccountIssuer
  /** Other API servers that answer for some of the groups. */
  readonly aggregation: AggregationDeps & { readonly discovery: RemoteDiscovery }
  /** Calls the server without a network, as whoever is named. */
  transportAs(user: UserInfo): Transport
}

/** Makes the server and the objects that every server has. Its controllers are started apart. */
export async function newEmbeddedServer(runtime: Runtime, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { clock, random, log } = runtime
  const { storage, pki } = options
  const resources = newResourceTable({
    builtin: builtinResources({ random, reader: () => reader }),
    convert: (definition) => conversionWebhook(() => admission, definition),
  })
  const reader = newStoredReader({ storage, resources })
  const stopFollowing = followCustomResources(resources, reader)
  const authorizer = newRbacAuthorizer(reader)
  const issuer = newServiceAccountIssuer({ keyPem: pki.serviceAccountKey, issuer: options.issuer, random })
  const authenticator = newAuthenticator({
    reader,
    clock,
    clientCas: pki.caCertificate,
    serviceAccountIssuer: options.issuer,
    serviceAccountKeys: [pki.serviceAccountKey],
    ...(options.frontProxy === undefined ? {} : { frontProxy: options.frontProxy }),
    ...(options.oidc === undefined ? {} : { oidc: newOidcAuthenticator({ ...runtime, ...options.oidc }) }),
  })
  const admission = {
    outbound: options.outbound ?? NO_OUTBOUND,
    resolveService: options.resolveService ?? newServiceResolver(reader, random),
    clock,
    random,
    reader,
    resources,
    authorizer,
  }
  const aggregation = {
    services: newRemoteServices(reader),
    discovery: newRemoteDiscovery(),
    outbound: admission.outbound,
    resolveService: admission.resolveService,
    proxyClient: { certificate: pki.proxyCertificate, key: pki.proxyKey },
  }
  const discovery = newDiscoveryHandler({ resources, issuer, remote: aggregation })
  const api = newApiServer({
    clock,
    random,
    log,
    storage,
    reader,
    resources,
    authenticator,
    authorizer,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    version: VERSION_INFO,
    virtual: [
      ...reviewResources({ reader, authorizer, authenticator, issuer, random }),
      podBinding(storage),
      podEviction(reader, () => client),
    ],
    connect: podConnections({ clock, reader }),
    aggregated: newAggregationProxy(aggregation),
    discovery: (request) => options.plain?.(request) ?? discovery(request),
    admission: [
      rbacEscalation(authorizer),
      certificateAdmission(authorizer),
      paramAccess(admission),
      ...(options.admission?.(authorizer, reader) ?? []),
      runtimeClassAdmission(reader),
      limitRangeAdmission(reader),
      mutatingWebhooks(admission),
      validatingPolicies(admission),
      validatingWebhooks(admission),
      // Last, as upstream: what is refused anyway must not be counted.
      quotaAdmission(reader, () => client),
    ],
  })
  const handler = options.around?.(api.handler) ?? api.handler
  const transportAs =
    (user: UserInfo): Transport =>
    (request) =>
      handler({ ...request, peer: { address: "in-process", user } })
  const client = newKubeClient({ transport: transportAs(LOOPBACK), userAgent: "hawser-controlplane", clock })
  runtime.signal.addEventListener(
    "abort",
    () => {
      stopFollowing()
      api.close()
    },
    { once: true },
  )
  await api.bootstrap(
    bootstrapObjects({
      caCertificate: pki.caCertificate,
      flowControl: options.flowControl ?? false,
    }) as UnknownObject[],
  )
  return {
    api,
    handler,
    client,
    informers: newLocalInformerFactory(reader, log),
    pki,
    issuer,
    aggregation,
    transportAs,
  }
}

/** The controllers that every server has: namespaces, service accounts, root CA, garbage, aggregated roles. */
export function startServerControllers(runtime: Runtime, server: EmbeddedServer): void {
  compactRegularly({ storage: server.api.storage, clock: runtime.clock, signal: runtime.signal })
  startDefinitions(runtime, server, server.api)
  startNamespaces(runtime, server, server.api)
  startServiceAccounts(runtime, server)
  startTokenSecrets(runtime, server, { issuer: server.issuer, caPem: server.pki.caCertificate })
  startRootCa(runtime, server, server.pki.caCertificate)
  startGarbageCollector(runtime, server, server.api)
  startAggregation(runtime, server)
  startResourceQuotas(runtime, server, server.api)
  startBootstrapTokens(runtime, server)
  startTypeChecking(runtime, server, server.api)
  startEventExpiry(runtime, server)
  startApiAvailability(runtime, server, server.aggregation)
  server.informers.start(runtime.signal)
}

/** A hub's: those and the signing of certificates. */
export function startHubServer(runtime: Runtime, server: EmbeddedServer): void {
  startServerControllers(runtime, server)
  startApiRegistration(runtime, server, server.api)
  const { caCertificate, proxyAuthority } = server.pki
  startAuthenticationConfig(runtime, server, caCertificate, { authority: proxyAuthority, name: PROXY_NAME })
  startSigning(
    runtime,
    server,
    loadCertificateAuthority({ certificatePem: server.pki.caCertificate, keyPem: server.pki.caKey }),
  )
}

/** A simulated member's: those and workloads on nodes that only pretend. */
export function startMemberServer(
  runtime: Runtime,
  server: EmbeddedServer,
  options: Omit<KubeletOptions, "version">,
): void {
  startServerControllers(runtime, server)
  startWorkloads(runtime, server)
  startEndpoints(runtime, server)
  startDisruption(runtime, server)
  startScheduler(runtime, server)
  startKubelet(runtime, server, { ...options, version: KUBERNETES_VERSION })
}
