import { apply, configMap, del, get, patch, post, put, type Script } from "../script.ts"

const NS = "/api/v1/namespaces/{{ns}}"
const namespace = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name },
  ...more,
})
const gone = (path: string) => get(path, { until: { path: "status", is: 404 } })

export const namespaces: Script = {
  name: "namespaces",
  steps: [
    post("/api/v1/namespaces", namespace("ns-a")),
    post("/api/v1/namespaces", namespace("ns-a")),
    post("/api/v1/namespaces", namespace("Bad.Name")),
    post("/api/v1/namespaces", namespace("x".repeat(64))),
    post("/api/v1/namespaces", { ...namespace(""), metadata: { generateName: "ns-gen-" } }),
    post("/api/v1/namespaces?dryRun=All", namespace("ns-dry")),
    patch("merge", "/api/v1/namespaces/ns-a", { metadata: { labels: { x: "y" } } }),
    patch("merge", "/api/v1/namespaces/ns-a", { metadata: { labels: { "kubernetes.io/metadata.name": "other" } } }),
    patch("merge", "/api/v1/namespaces/ns-a", { spec: { finalizers: [] } }),
    patch("merge", "/api/v1/namespaces/ns-a/status", { status: { phase: "Terminating" } }),
    put(
      "/api/v1/namespaces/ns-a/finalize",
      namespace("ns-a", { spec: { finalizers: ["kubernetes", "example.com/x"] } }),
    ),
    put("/api/v1/namespaces/ns-a/finalize", namespace("ns-b", { spec: { finalizers: ["kubernetes"] } })),
    get("/api/v1/namespaces/ns-a/finalize"),
    get("/api/v1/namespaces/ns-a/status", { pick: ["status"] }),
    get("/api/v1/namespaces/ns-a/nope"),
    get("/api/v1/namespaces/nope"),
    post("/api/v1/namespaces/ns-a/configmaps", configMap("a", {}, { finalizers: ["example.com/hold"] })),
    del("/api/v1/namespaces/ns-a", undefined, {
      pick: ["status.phase", "spec", "kind", "metadata.deletionGracePeriodSeconds"],
    }),
    post("/api/v1/namespaces/ns-a/configmaps", configMap("b")),
    del("/api/v1/namespaces/ns-a", undefined, { pick: ["status.phase", "kind", "message"] }),
    patch("merge", "/api/v1/namespaces/ns-a/configmaps/a", { metadata: { finalizers: [] } }, { pick: ["kind"] }),
    put("/api/v1/namespaces/ns-a/finalize", namespace("ns-a", { spec: { finalizers: ["kubernetes"] } }), {
      pick: ["kind", "spec"],
    }),
    gone("/api/v1/namespaces/ns-a"),
    del("/api/v1/namespaces/default"),
    del("/api/v1/namespaces/kube-system"),
    del("/api/v1/namespaces/nope"),
    get("/api/v1/namespaces/default", { pick: ["spec", "status", "metadata.labels"] }),
    get("/api/v1/namespaces/kube-system", { pick: ["spec", "status", "metadata.labels"] }),
  ],
}

const container = { name: "c", image: "i" }
const pod = (name: string, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [container], ...spec },
})
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [container] } }
const workload = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { a: "b" } }, template, ...spec },
})
const service = (name: string, spec: object) => ({ apiVersion: "v1", kind: "Service", metadata: { name }, spec })
const APPS = "/apis/apps/v1/namespaces/{{ns}}"

export const workloads: Script = {
  name: "workloads",
  steps: [
    post(`${NS}/pods`, pod("a")),
    post(`${NS}/pods`, pod("b", { containers: [] })),
    post(`${NS}/pods`, pod("c", { containers: [{ name: "Bad_Name", image: "" }] })),
    post(`${NS}/pods`, pod("d", { containers: [container, container] })),
    post(`${NS}/pods`, pod("e", { restartPolicy: "Nope", dnsPolicy: "Nope" })),
    post(`${NS}/pods`, pod("f", { serviceAccountName: "nope" })),
    post(`${NS}/pods`, pod("g", { containers: [{ ...container, resources: { limits: { cpu: "nope" } } }] })),
    post(
      `${NS}/pods`,
      pod("h", { containers: [{ ...container, resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }] }),
    ),
    post(
      `${NS}/pods`,
      pod("i", {
        containers: [
          { ...container, ports: [{ containerPort: 99999 }], volumeMounts: [{ name: "v", mountPath: "/x" }] },
        ],
      }),
    ),
    patch("merge", `${NS}/pods/a?dryRun=All`, { spec: { nodeName: "x" } }, { pick: ["kind"] }),
    patch("strategic", `${NS}/pods/a`, { spec: { containers: [{ name: "c", image: "j" }] } }),
    patch("strategic", `${NS}/pods/a/status`, {
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    }),
    post(`${NS}/pods/a/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "a" },
      target: { kind: "Node", name: "n1" },
    }),
    post(`${NS}/pods/a/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "a" },
      target: { kind: "Node", name: "n2" },
    }),
    get(`${NS}/pods/a`, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } }),
    del(`${NS}/pods/a?gracePeriodSeconds=5`),
    del(`${NS}/pods/a?gracePeriodSeconds=10`, undefined, { pick: ["metadata.deletionGracePeriodSeconds"] }),
    del(`${NS}/pods/a`, { gracePeriodSeconds: 0 }),
    get(`${NS}/pods/a`),
    post(`${APPS}/deployments`, workload("Deployment", "a")),
    post(`${APPS}/deployments`, workload("Deployment", "b", { selector: { matchLabels: { a: "c" } } })),
    post(`${APPS}/deployments`, workload("Deployment", "c", { replicas: -1, strategy: { type: "Nope" } })),
    post(`${APPS}/deployments`, { ...workload("Deployment", "d"), spec: {} }),
    post(`${APPS}/deployments`, { ...workload("Deployment", "d"), spec: undefined }),
    put(`${APPS}/deployments/a`, workload("Deployment", "a", { replicas: 3 })),
    put(`${APPS}/deployments/a/status`, {
      ...workload("Deployment", "a", { replicas: 9 }),
      status: { replicas: 2, observedGeneration: 1 },
    }),
    put(`${APPS}/deployments/a/status?dryRun=All`, { ...workload("Deployment", "a"), status: { replicas: -1 } }),
    get(`${APPS}/deployments/a/scale`),
    put(`${APPS}/deployments/a/scale`, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "a" },
      spec: { replicas: 5 },
    }),
    put(`${APPS}/deployments/a/scale`, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "b" },
      spec: { replicas: 5 },
    }),
    put(`${APPS}/deployments/a/scale`, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "a" },
      spec: { replicas: -5 },
    }),
    put(`${APPS}/deployments/a/scale`, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" } }),
    put(`${APPS}/deployments/a/scale`, { metadata: { name: "a", resourceVersion: "1" }, spec: { replicas: 5 } }),
    put(`${APPS}/deployments/a/scale`, { spec: { replicas: 5 } }),
    get(`${APPS}/deployments/nope/scale`),
    get(`${APPS}/deployments/a/nope`),
    post(`${APPS}/deployments/a/scale`, {}),
    del(`${APPS}/deployments/a/status`),
    post(`${APPS}/replicasets`, workload("ReplicaSet", "a")),
    post(`${APPS}/statefulsets`, workload("StatefulSet", "a", { serviceName: "x" })),
    put(`${APPS}/statefulsets/a`, workload("StatefulSet", "a", { serviceName: "y" })),
    post(`${APPS}/daemonsets`, workload("DaemonSet", "a")),
    post(
      "/apis/batch/v1/namespaces/{{ns}}/jobs",
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "a" },
        spec: { template: { spec: { containers: [container], restartPolicy: "Never" } } },
      },
      { pick: ["spec.completions", "spec.backoffLimit", "spec.completionMode", "kind"] },
    ),
    post("/apis/batch/v1/namespaces/{{ns}}/jobs", {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "b" },
      spec: { template: { spec: { containers: [container] } } },
    }),
    del("/apis/batch/v1/namespaces/{{ns}}/jobs/a"),
    post("/apis/batch/v1/namespaces/{{ns}}/cronjobs", {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "a" },
      spec: {
        schedule: "nope",
        jobTemplate: { spec: { template: { spec: { containers: [container], restartPolicy: "Never" } } } },
      },
    }),
    del(`${APPS}/deployments/a`),
  ],
}

export const services: Script = {
  name: "services",
  steps: [
    post(`${NS}/services`, service("a", { ports: [{ port: 80 }], selector: { a: "b" } })),
    put(`${NS}/services/a`, service("a", { ports: [{ port: 81 }], selector: { a: "b" } })),
    patch("merge", `${NS}/services/a`, { spec: { clusterIP: "10.96.200.200" } }),
    patch("strategic", `${NS}/services/a`, {
      spec: {
        ports: [
          { port: 82, name: "x" },
          { port: 81, name: "y" },
        ],
      },
    }),
    patch("merge", `${NS}/services/a`, { spec: { type: "NodePort" } }),
    patch("merge", `${NS}/services/a`, { spec: { type: "ClusterIP" } }),
    patch("merge", `${NS}/services/a`, { spec: { type: "ExternalName", externalName: "x.com" } }),
    post(`${NS}/services`, service("b", { clusterIP: "None" })),
    post(`${NS}/services`, service("c", {})),
    post(`${NS}/services`, service("d", { ports: [{ port: 0 }], type: "Nope" })),
    post(`${NS}/services`, service("e", { ports: [{ port: 80 }, { port: 80 }] })),
    post(`${NS}/services`, service("9bad", { ports: [{ port: 80 }] })),
    // Why it is out of range is told in other words while a server has just started.
    post(`${NS}/services`, service("f", { ports: [{ port: 80 }], clusterIP: "1.2.3.4" }), {
      pick: ["kind", "code", "details.causes.0.field"],
    }),
    post(`${NS}/services`, service("g", { ports: [{ port: 80, targetPort: "name" }], sessionAffinity: "ClientIP" })),
    post(
      `${NS}/services`,
      service("h", {
        ports: [
          { port: 80, protocol: "UDP" },
          { port: 81, name: "Bad Name" },
        ],
      }),
    ),
    apply(`${NS}/services/i`, "m", service("i", { ports: [{ port: 80 }] })),
    apply(`${NS}/services/i`, "m", service("i", { ports: [{ port: 80 }, { port: 80, protocol: "UDP", name: "u" }] })),
    post(`${NS}/endpoints`, {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "i" },
      subsets: [{ addresses: [{ ip: "1.2.3.4" }], ports: [{ port: 80 }] }],
    }),
    get(`${NS}/endpoints/i`, { pick: ["subsets"] }),
    post(`${NS}/serviceaccounts`, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "x" } }),
    post(
      `${NS}/resourcequotas`,
      { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" }, spec: { hard: { pods: "5" } } },
      { pick: ["spec", "kind"] },
    ),
    post(
      `${NS}/limitranges`,
      { apiVersion: "v1", kind: "LimitRange", metadata: { name: "q" }, spec: { limits: [{ type: "Nope" }] } },
      { pick: ["spec", "kind", "message"] },
    ),
    post("/apis/networking.k8s.io/v1/namespaces/{{ns}}/networkpolicies", {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "n" },
      spec: { podSelector: {} },
    }),
    post("/apis/networking.k8s.io/v1/namespaces/{{ns}}/ingresses", {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "n" },
      spec: {},
    }),
    post("/apis/policy/v1/namespaces/{{ns}}/poddisruptionbudgets", {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "p" },
      spec: { minAvailable: 1, selector: { matchLabels: { a: "b" } } },
    }),
    put("/apis/policy/v1/namespaces/{{ns}}/poddisruptionbudgets/p", {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "p" },
      spec: { minAvailable: 2 },
    }),
    post(
      "/apis/autoscaling/v2/namespaces/{{ns}}/horizontalpodautoscalers",
      {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: { name: "h" },
        spec: { scaleTargetRef: { kind: "Deployment", name: "x" }, maxReplicas: 3 },
      },
      { pick: ["spec", "kind", "message"] },
    ),
    post("/apis/discovery.k8s.io/v1/namespaces/{{ns}}/endpointslices", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "e" },
      addressType: "IPv4",
      endpoints: [{ addresses: ["1.2.3.4"] }],
      ports: [{ port: 80 }],
    }),
    post("/apis/scheduling.k8s.io/v1/priorityclasses", {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: "differ" },
      value: 5,
    }),
    put("/apis/scheduling.k8s.io/v1/priorityclasses/differ", {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: "differ" },
      value: 6,
    }),
    post(
      "/api/v1/nodes",
      { apiVersion: "v1", kind: "Node", metadata: { name: "differ" } },
      { pick: ["status", "kind"] },
    ),
    del("/api/v1/nodes/differ", undefined, { pick: ["kind", "status"] }),
  ],
}
