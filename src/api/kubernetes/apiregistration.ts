// The built-in kind of apiregistration.k8s.io.
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"

export type ApiServiceCondition = {
  type: string
  status: string
  lastTransitionTime?: string
  reason?: string
  message?: string
}

export type ApiService = KubeObject & {
  spec: {
    group?: string
    version?: string
    groupPriorityMinimum: number
    versionPriority: number
    service?: { namespace: string; name: string; port?: number }
    caBundle?: string
    insecureSkipTLSVerify?: boolean
  }
  status?: { conditions?: ApiServiceCondition[] }
}

export const API_SERVICES: ResourceType<ApiService> = {
  group: "apiregistration.k8s.io",
  version: "v1",
  resource: "apiservices",
  kind: "APIService",
  namespaced: false,
}
