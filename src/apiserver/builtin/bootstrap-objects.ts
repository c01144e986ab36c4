import type { UnknownObject } from "#apimachinery/meta.ts"
import { flowControlObjects } from "./flow-control-objects.ts"
import { once, readGenerated } from "./generated-data.ts"

export type BootstrapOptions = {
  /** PEM of the authority that client certificates are checked against; extension API servers look it up. */
  readonly caCertificate?: string
  /** Where the Service default/kubernetes leads to. Default 6443. */
  readonly port?: number
  /**
   * Whether to leave out the roles of controllers, schedulers and nodes: two thirds of all. For members whose
   * controllers run inside the server, a thousand times in one process.
   */
  readonly withoutControllerRoles?: boolean
  /** Whether answers name the flow that a request belongs to: without, twenty objects fewer. */
  readonly flowControl?: boolean
}

const NAMESPACES = ["kube-system", "kube-public", "kube-node-lease", "default"]
const API_PORT_DEFAULT = 6443
/** The first address of the range of services. */
const KUBERNETES_CLUSTER_IP = "10.96.0.1"

/**
 * What every server has from its first moment: namespaces, roles and bindings, priority classes, the Service
 * default/kubernetes, and the configuration for extension servers. All but the last two are the same frozen objects
 * for every server of the process: never change them.
 */
export function bootstrapObjects(options: BootstrapOptions = {}): readonly UnknownObject[] {
  const { caCertificate, port = API_PORT_DEFAULT, withoutControllerRoles = false, flowControl = false } = options
  return [
    ...fixedObjects(),
    ...(withoutControllerRoles ? bootstrapRoles().filter((role) => !isForController(role)) : bootstrapRoles()),
    ...(flowControl ? flowControlObjects() : []),
    kubernetesService(port),
    ...(caCertificate === undefined ? [] : [extensionConfiguration(caCertificate)]),
  ]
}

const fixedObjects = once((): readonly UnknownObject[] =>
  freeze([
    ...NAMESPACES.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    priorityClass(
      "system-node-critical",
      2_000_001_000,
      "Used for system critical pods that must not be moved from their current node.",
    ),
    priorityClass(
      "system-cluster-critical",
      2_000_000_000,
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
  ]),
)

const bootstrapRoles = once(() => freeze(readGenerated<UnknownObject[]>("bootstrap-roles.json")))

const OF_CONTROLLERS =
  /^system:(controller:|kube-|node|volume-scheduler|heapster|monitoring|persistent-volume|kubelet-api)/

function isForController(role: UnknownObject): boolean {
  return OF_CONTROLLERS.test(role.metadata.name ?? "") || (role.metadata.name ?? "").startsWith("system::")
}

function priorityClass(name: string, value: number, description: string): UnknownObject {
  return { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value, description }
}

function kubernetesService(port: number): UnknownObject {
  const labels = { component: "apiserver", provider: "kubernetes" }
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default", labels },
    spec: {
      clusterIP: KUBERNETES_CLUSTER_IP,
      type: "ClusterIP",
      ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: port }],
    },
  }
}

function extensionConfiguration(caCertificate: string): UnknownObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: { "client-ca-file": caCertificate },
  }
}

/** A shared object that somebody changes would change for everyone: it fails instead. */
function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) freeze(member)
  }
  return value
}
