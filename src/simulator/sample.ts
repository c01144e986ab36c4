import { REPLICA_SET_LABEL } from "#api/work/names.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"

export const SAMPLE_NAMESPACE = "hawser-sample"
export const SAMPLE_NAME = "hello"

/** Pods of the application on every member. */
const REPLICAS = 2

/** Whether this is the work that carries the sample to a member, and says that all its pods are available there. */
export function isSampleAvailable({ metadata, status }: ManifestWork): boolean {
  if (metadata.labels?.[REPLICA_SET_LABEL] !== `${SAMPLE_NAMESPACE}.${SAMPLE_NAME}`) return false
  const values = (status?.resourceStatus?.manifests ?? []).flatMap((m) => m.statusFeedback?.values ?? [])
  return values.some(({ name, fieldValue }) => name === "AvailableReplicas" && fieldValue.integer === REPLICAS)
}

/**
 * A small application of our own for every member: what `hawser up` shows its user first. A binding, a Placement that
 * selects all clusters, and a replica set that carries a namespace, a ConfigMap, a Deployment and a Service.
 */
export function sampleObjects(): readonly UnknownObject[] {
  const metadata = { name: SAMPLE_NAME, namespace: SAMPLE_NAMESPACE }
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: SAMPLE_NAMESPACE } },
    {
      apiVersion: "cluster.open-cluster-management.io/v1beta2",
      kind: "ManagedClusterSetBinding",
      metadata: { name: "global", namespace: SAMPLE_NAMESPACE },
      spec: { clusterSet: "global" },
    },
    {
      apiVersion: "cluster.open-cluster-management.io/v1beta1",
      kind: "Placement",
      metadata: { name: "everywhere", namespace: SAMPLE_NAMESPACE },
      // A cluster that is away for five minutes keeps its place: its agent goes on alone meanwhile.
      spec: {
        clusterSets: ["global"],
        tolerations: [
          { key: "cluster.open-cluster-management.io/unreachable", operator: "Exists", tolerationSeconds: 300 },
          { key: "cluster.open-cluster-management.io/unavailable", operator: "Exists", tolerationSeconds: 300 },
        ],
      },
    },
    {
      apiVersion: "work.open-cluster-management.io/v1alpha1",
      kind: "ManifestWorkReplicaSet",
      metadata,
      spec: {
        placementRefs: [{ name: "everywhere" }],
        manifestWorkTemplate: { workload: { manifests: workload() }, manifestConfigs: [feedback()] },
      },
    },
  ]
}

function workload(): readonly UnknownObject[] {
  const labels = { "app.kubernetes.io/name": SAMPLE_NAME }
  const metadata = { name: SAMPLE_NAME, namespace: SAMPLE_NAMESPACE, labels }
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: SAMPLE_NAMESPACE } },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { greeting: "Hello from the hub" } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: REPLICAS,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: "web",
                image: "registry.k8s.io/e2e-test-images/agnhost:2.53",
                args: ["netexec", "--http-port=8080"],
                ports: [{ containerPort: 8080 }],
                envFrom: [{ configMapRef: { name: SAMPLE_NAME } }],
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ]
}

function feedback(): object {
  return {
    resourceIdentifier: { group: "apps", resource: "deployments", name: SAMPLE_NAME, namespace: SAMPLE_NAMESPACE },
    feedbackRules: [{ type: "WellKnownStatus" }],
  }
}
