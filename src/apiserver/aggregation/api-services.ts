// APIServices as those that route by them need them. Source: k8s.io/kube-aggregator pkg/apis/apiregistration.
import { compareText } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { compareVersions } from "#apiserver/discovery/groups.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"

/** apiregistration.k8s.io/v1 APIServiceSpec. */
export type ApiServiceSpec = {
  readonly group?: string
  readonly version?: string
  readonly groupPriorityMinimum: number
  readonly versionPriority: number
  readonly service?: { readonly namespace: string; readonly name: string; readonly port?: number }
  readonly caBundle?: string
  readonly insecureSkipTLSVerify?: boolean
}

export type Condition = {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** A group version that another server answers. */
export type RemoteService = {
  readonly group: string
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** PEM. */
  readonly authorities: string | undefined
  readonly insecure: boolean
  readonly available: boolean
}

export const API_SERVICES_RESOURCE = { group: "apiregistration.k8s.io", resource: "apiservices" }
const HTTPS_PORT = 443

export const specOf = (object: UnknownObject): ApiServiceSpec => object["spec"] as ApiServiceSpec

export function availability(object: UnknownObject): Condition | undefined {
  const { conditions = [] } = (object["status"] ?? {}) as { conditions?: readonly Condition[] }
  return conditions.find(({ type }) => type === "Available")
}

/** Those that other servers answer. They change with each write of an APIService, and at once. */
export interface RemoteServices {
  find(group: string, version: string): RemoteService | undefined
  all(): readonly RemoteService[]
  /** Counts up with every change of any APIService. */
  readonly version: number
}

export function newRemoteServices(reader: ObjectReader): RemoteServices {
  let version: number | undefined
  let all: readonly RemoteService[] = []
  let byGroupVersion: ReadonlyMap<string, RemoteService> = new Map()
  const refresh = () => {
    const now = reader.version(API_SERVICES_RESOURCE)
    if (now === version) return
    version = now
    all = reader.list(API_SERVICES_RESOURCE).flatMap(remoteOf)
    byGroupVersion = new Map(all.map((service) => [`${service.group}/${service.version}`, service]))
  }
  return {
    find(group, wanted) {
      refresh()
      return byGroupVersion.size === 0 ? undefined : byGroupVersion.get(`${group}/${wanted}`)
    },
    all() {
      refresh()
      return all
    },
    get version() {
      return reader.version(API_SERVICES_RESOURCE)
    },
  }
}

function remoteOf(object: UnknownObject): RemoteService[] {
  const spec = specOf(object)
  const { group = "", version = "", service, caBundle } = spec
  // The core group is always this server's own.
  if (service === undefined || group === "") return []
  return [
    {
      group,
      version,
      groupPriority: spec.groupPriorityMinimum,
      versionPriority: spec.versionPriority,
      service: { ...service, port: service.port ?? HTTPS_PORT },
      authorities: caBundle ? Buffer.from(caBundle, "base64").toString() : undefined,
      insecure: spec.insecureSkipTLSVerify === true,
      available: availability(object)?.status === "True",
    },
  ]
}

type Prioritized = { readonly version: string; readonly versionPriority: number }

/** The preferred version first. */
export const byVersionPriority = (a: Prioritized, b: Prioritized): number =>
  b.versionPriority - a.versionPriority || compareVersions(a.version, b.version) || compareText(a.version, b.version)
