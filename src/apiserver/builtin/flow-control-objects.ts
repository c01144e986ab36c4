import type { UnknownObject } from "#apimachinery/meta.ts"

const ALL = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }] as const
const EVERYTHING = { resourceRules: ALL, nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }] } as const
const LEASES = { apiGroups: ["coordination.k8s.io"], resources: ["leases"], namespaces: ["*"] } as const

const user = (name: string) => ({ kind: "User", user: { name } })
const group = (name: string) => ({ kind: "Group", group: { name } })
const EVERYBODY = [group("system:unauthenticated"), group("system:authenticated")]
const KUBE_SYSTEM_ACCOUNTS = { kind: "ServiceAccount", serviceAccount: { namespace: "kube-system", name: "*" } }
const CONTROLLER_MANAGER = user("system:kube-controller-manager")
const SCHEDULER = user("system:kube-scheduler")

/**
 * The FlowSchemas and PriorityLevelConfigurations that kube-apiserver makes when it starts: answers name the pair that a
 * request belongs to. Source: k8s.io/apiserver apis/flowcontrol/bootstrap.
 */
export function flowControlObjects(): readonly UnknownObject[] {
  return [
    priorityLevel("exempt", { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    limited("catch-all", 5, 0),
    limited("global-default", 20, 50, [128, 6]),
    limited("leader-election", 10, 0, [16, 4]),
    limited("node-high", 40, 25, [64, 6]),
    limited("system", 30, 33, [64, 6]),
    limited("workload-high", 40, 50, [128, 6]),
    limited("workload-low", 100, 90, [128, 6]),
    flowSchema("exempt", "exempt", 1, undefined, { subjects: [group("system:masters")], ...EVERYTHING }),
    flowSchema("probes", "exempt", 2, undefined, {
      subjects: EVERYBODY,
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }],
    }),
    flowSchema("system-leader-election", "leader-election", 100, "ByUser", {
      subjects: [CONTROLLER_MANAGER, SCHEDULER, KUBE_SYSTEM_ACCOUNTS],
      resourceRules: [{ verbs: ["get", "create", "update"], ...LEASES }],
    }),
    flowSchema("system-node-high", "node-high", 400, "ByUser", {
      subjects: [group("system:nodes")],
      resourceRules: [
        { ...ALL[0], apiGroups: [""], resources: ["nodes", "nodes/status"] },
        { verbs: ["*"], ...LEASES },
      ],
    }),
    flowSchema("system-nodes", "system", 500, "ByUser", { subjects: [group("system:nodes")], ...EVERYTHING }),
    flowSchema("kube-controller-manager", "workload-high", 800, "ByNamespace", {
      subjects: [CONTROLLER_MANAGER],
      ...EVERYTHING,
    }),
    flowSchema("kube-scheduler", "workload-high", 800, "ByNamespace", { subjects: [SCHEDULER], ...EVERYTHING }),
    flowSchema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", {
      subjects: [KUBE_SYSTEM_ACCOUNTS],
      ...EVERYTHING,
    }),
    flowSchema("service-accounts", "workload-low", 9000, "ByUser", {
      subjects: [group("system:serviceaccounts")],
      ...EVERYTHING,
    }),
    flowSchema("global-default", "global-default", 9900, "ByUser", { subjects: EVERYBODY, ...EVERYTHING }),
    flowSchema("catch-all", "catch-all", 10_000, "ByUser", { subjects: EVERYBODY, ...EVERYTHING }),
  ]
}

const GROUP_VERSION = "flowcontrol.apiserver.k8s.io/v1"
const ANNOTATIONS = { "apf.kubernetes.io/autoupdate-spec": "true" }

function priorityLevel(name: string, spec: object): UnknownObject {
  const metadata = { name, annotations: ANNOTATIONS }
  return { apiVersion: GROUP_VERSION, kind: "PriorityLevelConfiguration", metadata, spec }
}

/** @param queuing  queues and how many of them one flow is dealt; absent: what is too much is refused */
function limited(name: string, shares: number, lendablePercent: number, queuing?: [number, number]): UnknownObject {
  const limitResponse =
    queuing === undefined
      ? { type: "Reject" }
      : { type: "Queue", queuing: { queues: queuing[0], handSize: queuing[1], queueLengthLimit: 50 } }
  return priorityLevel(name, {
    type: "Limited",
    limited: { nominalConcurrencyShares: shares, limitResponse, lendablePercent },
  })
}

function flowSchema(
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: string | undefined,
  rule: object,
): UnknownObject {
  return {
    apiVersion: GROUP_VERSION,
    kind: "FlowSchema",
    metadata: { name, annotations: ANNOTATIONS },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(distinguisher === undefined ? {} : { distinguisherMethod: { type: distinguisher } }),
      rules: [rule],
    },
  }
}
