import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject, UnknownObject } from "#apimachinery/meta.ts"

export const CONFIGMAPS: ResourceType<UnknownObject> = {
  group: "",
  version: "v1",
  resource: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
}

export const NODES: ResourceType<UnknownObject> = {
  group: "",
  version: "v1",
  resource: "nodes",
  kind: "Node",
  namespaced: false,
}

/** A namespaced custom kind. */
export const WIDGETS: ResourceType<UnknownObject> = {
  group: "example.com",
  version: "v1",
  resource: "widgets",
  kind: "Widget",
  namespaced: true,
}

export const widget = (namespace: string, name: string, metadata: KubeObject["metadata"] = {}): UnknownObject => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { namespace, name, ...metadata },
})
