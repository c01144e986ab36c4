import { readBody } from "#lib/http.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "./client.ts"
import { statusErrorOf } from "./response-status.ts"

/** A group with its versions, the preferred one first. Subresources are left out. */
export type DiscoveredGroup = {
  /** Empty for the core group. */
  readonly group: string
  readonly versions: readonly { readonly version: string; readonly resources: readonly DiscoveredResource[] }[]
}

export type DiscoveredResource = {
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

type AggregatedList = {
  readonly kind?: string
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly {
      readonly version: string
      readonly resources?: readonly {
        readonly resource: string
        readonly responseKind?: { readonly kind: string }
        readonly scope: "Namespaced" | "Cluster"
        readonly verbs?: readonly string[]
      }[]
    }[]
  }[]
}

type ResourceList = {
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs?: readonly string[]
  }[]
}

/**
 * Everything in two requests.
 *
 * @returns undefined for a server that does not know this form (before Kubernetes 1.30)
 * @throws StatusError, ConnectionError
 */
export async function readAggregated(client: KubeClient): Promise<DiscoveredGroup[] | undefined> {
  const lists = await Promise.all(["/api", "/apis"].map((path) => getJson<AggregatedList>(client, path, AGGREGATED)))
  if (lists.some(({ kind }) => kind !== "APIGroupDiscoveryList")) return undefined
  return lists.flatMap(({ items = [] }) =>
    items.map(({ metadata, versions = [] }) => ({
      group: metadata?.name ?? "",
      versions: versions.map(({ version, resources = [] }) => ({
        version,
        resources: resources.flatMap(({ resource, responseKind, scope, verbs = [] }) =>
          // A resource with subresources only has no kind of its own.
          responseKind === undefined || responseKind.kind === ""
            ? []
            : [{ resource, kind: responseKind.kind, namespaced: scope === "Namespaced", verbs }],
        ),
      })),
    })),
  )
}

/**
 * Everything with a request for each group and version. A group whose server is away is left out, as kubectl does.
 *
 * @throws StatusError, ConnectionError
 */
export async function readLegacy(client: KubeClient): Promise<DiscoveredGroup[]> {
  const [core, groups] = await Promise.all([
    getJson<{ versions?: readonly string[] }>(client, "/api"),
    getJson<{
      groups?: readonly {
        name: string
        versions: readonly { version: string }[]
        preferredVersion?: { version: string }
      }[]
    }>(client, "/apis"),
  ])
  const named = (groups.groups ?? []).map(({ name, versions, preferredVersion }) => {
    const all = versions.map(({ version }) => version)
    const preferred = preferredVersion?.version
    return { group: name, versions: preferred === undefined ? all : [preferred, ...all.filter((v) => v !== preferred)] }
  })
  return Promise.all(
    [{ group: "", versions: core.versions ?? [] }, ...named].map(async ({ group, versions }) => ({
      group,
      versions: await Promise.all(
        versions.map(async (version) => ({ version, resources: await readVersion(client, group, version) })),
      ),
    })),
  )
}

async function readVersion(client: KubeClient, group: string, version: string): Promise<DiscoveredResource[]> {
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`
  try {
    const { resources = [] } = await getJson<ResourceList>(client, path)
    return resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced, verbs = [] }) => ({ resource: name, kind, namespaced, verbs }))
  } catch (error) {
    if (hasReason(error, "ServiceUnavailable", "NotFound")) return []
    throw error
  }
}

async function getJson<T>(client: KubeClient, path: string, accept?: string): Promise<T> {
  const headers = accept === undefined ? {} : { headers: { accept: `${accept},application/json` } }
  const response = await client.raw("GET", path, headers)
  const body = await readBody(response.body)
  if (response.status !== 200) throw statusErrorOf("GET", response, body)
  return JSON.parse(Buffer.from(body).toString("utf8")) as T
}
