// The discovery documents, as objects. Source: metav1.APIGroupList and friends, apidiscovery.k8s.io/v2.
import { createHash } from "node:crypto"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { once } from "#apiserver/builtin/generated-data.ts"
import { servedGroups } from "#apiserver/builtin/served.ts"
import type { ResourceInfo, SubresourceInfo } from "#apiserver/resource.ts"
import type { Group, GroupVersion } from "./groups.ts"

export function apiVersions(serverAddress: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  }
}

export function apiGroupList(groups: readonly Group[]): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.filter((g) => g.name !== "").map(describeGroup) }
}

export function apiGroup(group: Group): object {
  return { kind: "APIGroup", apiVersion: "v1", ...describeGroup(group) }
}

function describeGroup({ name, versions }: Group) {
  const described = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: described, preferredVersion: described[0] }
}

export function apiResourceList(group: string, { version, resources }: GroupVersion): object {
  return {
    kind: "APIResourceList",
    // The core group's list has never had it.
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((info) => [
      describeResource(info),
      ...info.subresources.map((s) => describeSubresource(info, s)),
    ]),
  }
}

function describeResource(info: ResourceInfo) {
  const hash = storageVersionHash(info)
  return {
    name: info.resource,
    singularName: info.singular,
    namespaced: info.namespaced,
    kind: info.kind,
    verbs: info.verbs,
    ...(info.shortNames.length === 0 ? {} : { shortNames: info.shortNames }),
    ...(info.categories.length === 0 ? {} : { categories: info.categories }),
    ...(hash === undefined ? {} : { storageVersionHash: hash }),
  }
}

function describeSubresource(info: ResourceInfo, { name, group, version, kind, verbs }: SubresourceInfo) {
  return {
    name: `${info.resource}/${name}`,
    singularName: "",
    namespaced: info.namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind,
    verbs,
  }
}

/** Of built-in resources, whose storage upstream has changed in ways that don't show here. */
const builtinHashes = once(
  () =>
    new Map(
      servedGroups().flatMap(({ name, versions }) =>
        versions.flatMap(({ version, resources }) =>
          resources.map((r) => [`${name}/${version}/${r.resource}`, r.storageVersionHash] as const),
        ),
      ),
    ),
)

/** Changes when objects are stored in another version. Source: k8s.io/apiserver endpoints/discovery/storageversionhash.go. */
function storageVersionHash(info: ResourceInfo): string | undefined {
  const { storage, kind, custom } = info
  if (!custom) return builtinHashes().get(`${info.group}/${info.version}/${info.resource}`)
  const text = [storage.group, storage.version, kind].join("/")
  return createHash("sha256").update(text).digest().subarray(0, 8).toString("base64")
}

/** @param groups  the core group for `/api`, all others for `/apis` */
export function aggregatedDiscovery(groups: readonly Group[]): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name === "" ? {} : { name },
      versions: versions.map(({ version, resources, remote }) => ({
        version,
        ...(remote === undefined || remote.resources.length > 0
          ? { resources: remote?.resources ?? resources.map(aggregateResource) }
          : {}),
        freshness: remote === undefined || remote.isCurrent ? "Current" : "Stale",
      })),
    })),
  }
}

function aggregateResource(info: ResourceInfo) {
  // Built-in resources leave out the group and version that they stand in.
  const own = info.custom ? { group: info.group, version: info.version } : { group: "", version: "" }
  return {
    resource: info.resource,
    responseKind: { ...own, kind: info.kind },
    scope: info.namespaced ? "Namespaced" : "Cluster",
    singularResource: info.singular,
    verbs: info.verbs,
    ...(info.shortNames.length === 0 ? {} : { shortNames: info.shortNames }),
    ...(info.categories.length === 0 ? {} : { categories: info.categories }),
    ...(info.subresources.length === 0
      ? {}
      : {
          subresources: info.subresources.map(({ name, group, version, kind, verbs }) => ({
            subresource: name,
            responseKind: { group: group ?? own.group, version: version ?? own.version, kind },
            verbs,
          })),
        }),
  }
}
