// The built-in kinds of the core group, as far as we use them.
import type { KubeObject, ObjectMeta } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { ObjectReference } from "./events.ts"

type Type<T extends KubeObject> = ResourceType<T>
const core = <T extends KubeObject>(resource: string, kind: string, namespaced = true): Type<T> => ({
  group: "",
  version: "v1",
  resource,
  kind,
  namespaced,
})

/** Conditions of built-in kinds: like metav1.Condition with more times and fewer duties. */
export type BuiltInCondition = {
  type: string
  status: "True" | "False" | "Unknown"
  reason?: string
  message?: string
  lastTransitionTime?: string
  lastUpdateTime?: string
  lastHeartbeatTime?: string
  lastProbeTime?: string | null
}

export type LabelSelector = {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export type Namespace = KubeObject & {
  spec?: { finalizers?: string[] }
  status?: { phase?: string; conditions?: BuiltInCondition[] }
}
export const NAMESPACES = core<Namespace>("namespaces", "Namespace", false)

export type ConfigMap = KubeObject & {
  data?: Record<string, string>
  binaryData?: Record<string, string>
  immutable?: boolean
}
export const CONFIG_MAPS = core<ConfigMap>("configmaps", "ConfigMap")

export type Secret = KubeObject & {
  type?: string
  /** Base64. */
  data?: Record<string, string>
  stringData?: Record<string, string>
  immutable?: boolean
}
export const SECRETS = core<Secret>("secrets", "Secret")

export type ServiceAccount = KubeObject & { secrets?: { name?: string }[]; automountServiceAccountToken?: boolean }
export const SERVICE_ACCOUNTS = core<ServiceAccount>("serviceaccounts", "ServiceAccount")

export type Taint = { key: string; value?: string; effect: string; timeAdded?: string }

export type Node = KubeObject & {
  spec?: { unschedulable?: boolean; taints?: Taint[]; podCIDR?: string; providerID?: string }
  status?: {
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    conditions?: BuiltInCondition[]
    addresses?: { type: string; address: string }[]
    nodeInfo?: Record<string, string>
    phase?: string
  }
}
export const NODES = core<Node>("nodes", "Node", false)

export type Container = {
  name: string
  image?: string
  ports?: { name?: string; containerPort: number; protocol?: string }[]
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  [field: string]: unknown
}

export type PodSpec = {
  containers: Container[]
  initContainers?: Container[]
  nodeName?: string
  nodeSelector?: Record<string, string>
  restartPolicy?: string
  terminationGracePeriodSeconds?: number
  serviceAccountName?: string
  hostNetwork?: boolean
  tolerations?: { key?: string; operator?: string; value?: string; effect?: string; tolerationSeconds?: number }[]
  [field: string]: unknown
}

export type PodTemplate = { metadata?: ObjectMeta; spec: PodSpec }

export type ContainerStatus = {
  name: string
  image?: string
  imageID?: string
  containerID?: string
  ready: boolean
  started?: boolean
  restartCount: number
  state?: Record<string, unknown>
  lastState?: Record<string, unknown>
}

export type Pod = KubeObject & {
  spec: PodSpec
  status?: {
    phase?: string
    conditions?: BuiltInCondition[]
    podIP?: string
    podIPs?: { ip: string }[]
    hostIP?: string
    hostIPs?: { ip: string }[]
    startTime?: string
    containerStatuses?: ContainerStatus[]
    initContainerStatuses?: ContainerStatus[]
    qosClass?: string
    reason?: string
    message?: string
  }
}
export const PODS = core<Pod>("pods", "Pod")

export type ServicePort = {
  name?: string
  port: number
  targetPort?: number | string
  protocol?: string
  nodePort?: number
  appProtocol?: string
}

export type Service = KubeObject & {
  spec?: {
    type?: string
    clusterIP?: string
    selector?: Record<string, string>
    publishNotReadyAddresses?: boolean
    ports?: ServicePort[]
    [field: string]: unknown
  }
}
export const SERVICES = core<Service>("services", "Service")

export type ReplicationController = KubeObject & {
  spec?: { replicas?: number; minReadySeconds?: number; selector?: Record<string, string>; template?: PodTemplate }
  status?: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    observedGeneration?: number
    conditions?: BuiltInCondition[]
  }
}
export const REPLICATION_CONTROLLERS = core<ReplicationController>("replicationcontrollers", "ReplicationController")

export type EndpointAddress = { ip: string; hostname?: string; nodeName?: string; targetRef?: ObjectReference }
export type EndpointPort = { name?: string; port: number; protocol?: string; appProtocol?: string }
export type EndpointSubset = {
  addresses?: EndpointAddress[]
  notReadyAddresses?: EndpointAddress[]
  ports?: EndpointPort[]
}
export type Endpoints = KubeObject & { subsets?: EndpointSubset[] }
export const ENDPOINTS = core<Endpoints>("endpoints", "Endpoints")

export type PersistentVolumeClaim = KubeObject & { spec?: Record<string, unknown>; status?: { phase?: string } }
export const PERSISTENT_VOLUME_CLAIMS = core<PersistentVolumeClaim>("persistentvolumeclaims", "PersistentVolumeClaim")

/** Quantities by the name of a resource: `{ cpu: "1", pods: "10" }`. */
export type ResourceList = { [resource: string]: string }

export type ScopeRequirement = { scopeName: string; operator: string; values?: string[] }

export type ResourceQuota = KubeObject & {
  spec?: { hard?: ResourceList; scopes?: string[]; scopeSelector?: { matchExpressions?: ScopeRequirement[] } }
  status?: { hard?: ResourceList; used?: ResourceList }
}
export const RESOURCE_QUOTAS = core<ResourceQuota>("resourcequotas", "ResourceQuota")

export type LimitRangeItem = {
  type: string
  max?: ResourceList
  min?: ResourceList
  default?: ResourceList
  defaultRequest?: ResourceList
  maxLimitRequestRatio?: ResourceList
}
export type LimitRange = KubeObject & { spec?: { limits?: LimitRangeItem[] } }
export const LIMIT_RANGES = core<LimitRange>("limitranges", "LimitRange")
