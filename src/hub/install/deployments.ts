import type { Deployment } from "#api/kubernetes/apps.ts"
import type { PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import {
  AGENT_CONTAINER,
  AGENT_NAMESPACE,
  AGENT_SERVICE_ACCOUNT,
  BOOTSTRAP_SECRET,
  HUB_COMPONENTS_NAMESPACE,
  HUB_KUBECONFIG_SECRET,
  HUB_SERVICE_ACCOUNT,
  hostedNamespace,
  MANAGED_KUBECONFIG_SECRET,
  MANAGED_BY_LABEL,
} from "./names.ts"

/** Where health and metrics are served: kubelets and Prometheus come from outside of the pod. */
const OPERATION_PORT = 8080
const BOOTSTRAP_FOLDER = "/etc/hawser/bootstrap"
const MANAGED_FOLDER = "/etc/hawser/managed"
const STATE_FOLDER = "/var/lib/hawser"
/** `node` in Node's images. A number: a kubelet cannot tell whether a name is root's. */
const USER_ID = 1000
/** As long as clients wait for an answer at shutdown, and the lease to be given back. */
const GRACE_SECONDS = 30

type Common = {
  readonly image: string
  readonly featureGates: Readonly<Record<string, boolean>>
}

/** The hub's controllers. One of the replicas leads; the others have warm caches and follow within 5 s. */
export function hubDeployment(
  options: Common & { readonly replicas: number; readonly autoApproveUsers: readonly string[] },
): KubeObject[] {
  const { image, replicas, autoApproveUsers } = options
  const name = HUB_SERVICE_ACCOUNT
  const args = ["hub", ...commonArgs(options), ...autoApproveUsers.flatMap((user) => ["--auto-approve-user", user])]
  const deployment = newDeployment({
    namespace: HUB_COMPONENTS_NAMESPACE,
    name,
    replicas,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    pod: {
      containers: [container({ name: "hub", image, args, memory: { request: "128Mi", limit: "1Gi" } })],
      // Replicas on one node fall together.
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: labelsOf(name) },
        },
      ],
    },
  })
  return replicas > 1 ? [deployment, disruptionBudget(HUB_COMPONENTS_NAMESPACE, name)] : [deployment]
}

/**
 * One cluster's agent. It keeps its credentials in a Secret, and its works beside it for as long as the pod stays: a new pod
 * needs the hub once. The one before ends when the new one is ready, so that an image that does not work replaces none
 * that does; what both do meanwhile is done twice to the same end.
 */
export function agentDeployment(
  options: Common & {
    readonly clusterName: string
    /** Of the kubeconfigs that it starts with: with others the agent starts anew. */
    readonly bootstrapChecksum: string
    /** It runs on another cluster than the one that it manages. */
    readonly hosted?: boolean
  },
): KubeObject[] {
  const { image, clusterName, hosted = false } = options
  const namespace = hosted ? hostedNamespace(clusterName) : AGENT_NAMESPACE
  const args = ["agent", "--cluster-name", clusterName]
  args.push("--bootstrap-kubeconfig", `${BOOTSTRAP_FOLDER}/kubeconfig`)
  args.push("--hub-kubeconfig-secret", `${namespace}/${HUB_KUBECONFIG_SECRET}`)
  if (hosted) args.push("--hosted", "--spoke-kubeconfig", `${MANAGED_FOLDER}/kubeconfig`)
  args.push("--dir", STATE_FOLDER, ...commonArgs(options))
  const volumeMounts = [
    { name: "bootstrap", mountPath: BOOTSTRAP_FOLDER, readOnly: true },
    { name: "state", mountPath: STATE_FOLDER },
    ...(hosted ? [{ name: "managed", mountPath: MANAGED_FOLDER, readOnly: true }] : []),
  ]
  const secret = (name: string, secretName: string) => ({ name, secret: { secretName, defaultMode: 0o440 } })
  return [
    newDeployment({
      namespace,
      name: AGENT_SERVICE_ACCOUNT,
      replicas: 1,
      annotations: { "hawser.dev/bootstrap-checksum": options.bootstrapChecksum },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      pod: {
        containers: [
          {
            ...container({ name: AGENT_CONTAINER, image, args, memory: { request: "96Mi", limit: "512Mi" } }),
            volumeMounts,
          },
        ],
        volumes: [
          secret("bootstrap", BOOTSTRAP_SECRET),
          { name: "state", emptyDir: { sizeLimit: "256Mi" } },
          ...(hosted ? [secret("managed", MANAGED_KUBECONFIG_SECRET)] : []),
        ],
      },
    }),
  ]
}

function commonArgs({ featureGates }: Common): string[] {
  const gates = Object.entries(featureGates).map(([gate, isOn]) => `${gate}=${isOn}`)
  const address = ["--metrics-bind-address", `:${OPERATION_PORT}`]
  return gates.length === 0 ? address : [...address, "--feature-gates", gates.join(",")]
}

const labelsOf = (name: string) => ({ "app.kubernetes.io/name": name })

type Parts = {
  readonly namespace: string
  /** Of the service account too. */
  readonly name: string
  readonly replicas: number
  readonly strategy: NonNullable<Deployment["spec"]["strategy"]>
  readonly pod: Deployment["spec"]["template"]["spec"]
  /** Of the pods. */
  readonly annotations?: Readonly<Record<string, string>>
}

function newDeployment({ namespace, name, replicas, strategy, pod, annotations }: Parts): Deployment {
  const labels = { ...MANAGED_BY_LABEL, ...labelsOf(name) }
  const scraped = { "prometheus.io/scrape": "true", "prometheus.io/port": String(OPERATION_PORT) }
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: labelsOf(name) },
      strategy,
      template: {
        metadata: { labels, annotations: { ...scraped, ...annotations } },
        spec: {
          serviceAccountName: name,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          // The policy `restricted` of Pod Security asks for all of these.
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER_ID,
            runAsGroup: USER_ID,
            fsGroup: USER_ID,
            seccompProfile: { type: "RuntimeDefault" },
          },
          ...pod,
        },
      },
    },
  }
}

function container({
  memory,
  ...named
}: {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly memory: { readonly request: string; readonly limit: string }
}) {
  const probe = (path: string) => ({ httpGet: { path, port: "operation" } })
  return {
    ...named,
    args: [...named.args],
    ports: [{ name: "operation", containerPort: OPERATION_PORT }],
    startupProbe: { ...probe("/livez"), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe("/livez"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...probe("/readyz"), periodSeconds: 5, timeoutSeconds: 5 },
    // No limit of CPU: what a burst of work needs for a second must not make it late for a lease.
    resources: { requests: { cpu: "50m", memory: memory.request }, limits: { memory: memory.limit } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  }
}

const disruptionBudget = (namespace: string, name: string): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, namespace, labels: MANAGED_BY_LABEL },
  spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(name) } },
})
