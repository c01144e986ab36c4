import { parseApiVersion, type ResourceType } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { RestMapper } from "#kube/client.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"

/** A RestMapper straight on the table of an API server in this process: always up to date, and no copy of anything. */
export function localRestMapper(resources: ResourceTable): RestMapper {
  return {
    resourceFor: async (apiVersion, kind) => {
      const { group, version } = parseApiVersion(apiVersion)
      return typeOf(resources.findKind(group, version, kind))
    },
    resourceNamed: async (group, resource) =>
      typeOf(resources.all().find((info) => info.group === group && info.resource === resource)),
  }
}

function typeOf(info: ResourceInfo | undefined): ResourceType<UnknownObject> | undefined {
  if (info === undefined) return undefined
  const { group, version, resource, kind, namespaced } = info
  return { group, version, resource, kind, namespaced }
}
