// The built-in kind of apiextensions.k8s.io.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { BuiltInCondition } from "./core.ts"

export type CustomResourceDefinition = KubeObject & {
  spec: {
    group: string
    scope: string
    names: {
      kind: string
      plural: string
      singular?: string
      listKind?: string
      shortNames?: string[]
      categories?: string[]
    }
    versions: { name: string; served: boolean; storage: boolean; [field: string]: unknown }[]
    [field: string]: unknown
  }
  status?: { conditions?: BuiltInCondition[]; storedVersions?: string[]; acceptedNames?: Record<string, unknown> }
}

export const CUSTOM_RESOURCE_DEFINITIONS: ResourceType<CustomResourceDefinition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
}
