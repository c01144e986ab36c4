// The kinds that random writes are about.
import { CUSTOM_API } from "./definitions.ts"
import { list, mapOf, object, values, type Shape } from "./shape.ts"

export type RandomKind = {
  readonly apiVersion: string
  readonly kind: string
  /** Of its collection, below the namespace's. */
  readonly path: string
  /** What is beside apiVersion, kind and metadata. */
  readonly fields: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly custom?: boolean
  readonly status?: boolean
}

const NAMES = ["a", "b", "c"] as const
const text = values("1", "2", "")
const name = values(...NAMES)
const flag = values(true, false)
const strings = mapOf(text, ...NAMES)

const NOTES = {
  labels: mapOf(values("1", "2"), "l", "example.com/m"),
  annotations: mapOf(values("1", "2", ""), "n", "example.com/o"),
}
/** Without finalizers: which kinds ask for a domain in their names again on update is not told here. */
export const UNFIT_METADATA = object(NOTES)
export const METADATA = object({
  ...NOTES,
  finalizers: list(values("example.com/a", "example.com/b"), [], 1),
})

const probe = object(
  {
    httpGet: object({ path: values("/x", "/y"), port: values(80, "http"), scheme: values("HTTP", "HTTPS") }, "port"),
    initialDelaySeconds: values(0, 3),
    periodSeconds: values(5, 10),
  },
  "httpGet",
)

const container = object(
  {
    name,
    image: values("x", "y:1", "y:latest"),
    args: list(text),
    env: list(object({ name: values("A", "B"), value: text }, "name"), ["name"]),
    ports: list(
      object(
        { containerPort: values(80, 81), name: values("http", "x"), protocol: values("TCP", "UDP") },
        "containerPort",
        "protocol",
      ),
      ["containerPort", "protocol"],
    ),
    resources: object({
      limits: mapOf(values("1", "500m", 2), "cpu"),
      requests: mapOf(values("1Gi", "64Mi"), "memory"),
    }),
    livenessProbe: probe,
    volumeMounts: list(object({ name: values("v"), mountPath: values("/a", "/b") }, "name", "mountPath"), [
      "mountPath",
    ]),
    imagePullPolicy: values("Always", "IfNotPresent"),
    securityContext: object({ runAsUser: values(0, 1000), capabilities: object({ add: list(values("X", "Y")) }) }),
  },
  "name",
  "image",
)

const podSpec = object(
  {
    containers: list(container, ["name"], 2),
    initContainers: list(object({ name: values("i"), image: values("x", "y:1") }, "name", "image"), ["name"], 1),
    volumes: values(
      [{ name: "v", emptyDir: {} }],
      [
        { name: "w", configMap: { name: "c" } },
        { name: "v", emptyDir: {} },
      ],
    ),
    restartPolicy: values("Always"),
    nodeSelector: strings,
    tolerations: list(object({ key: values("k", "m"), operator: values("Exists", "Equal") }, "key")),
    imagePullSecrets: list(object({ name }, "name"), ["name"]),
    hostAliases: list(object({ ip: values("1.2.3.4", "1.2.3.5"), hostnames: list(values("h", "i")) }, "ip"), ["ip"]),
    securityContext: object({ supplementalGroups: list(values(1, 2)), fsGroup: values(1, 2) }),
    terminationGracePeriodSeconds: values(0, 30, 60),
  },
  "containers",
  "volumes",
)

const DEPLOYMENT: RandomKind = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  path: "/apis/apps/v1/namespaces/{{ns}}/deployments",
  status: true,
  fields: {
    spec: object(
      {
        replicas: values(0, 1, 3),
        selector: values(...Array(8).fill({ matchLabels: { l: "1" } }), { matchLabels: { l: "2" } }),
        template: object(
          {
            metadata: values({ labels: { l: "1" } }, { labels: { l: "1", k: "2" } }, { labels: { l: "1" } }),
            spec: podSpec,
          },
          "metadata",
          "spec",
        ),
        strategy: object({
          type: values("RollingUpdate", "Recreate"),
          rollingUpdate: object({ maxSurge: values(1, "25%"), maxUnavailable: values(0, "50%") }),
        }),
        minReadySeconds: values(0, 5),
        paused: flag,
        revisionHistoryLimit: values(0, 10),
      },
      "selector",
      "template",
    ),
    status: object({
      replicas: values(0, 1),
      observedGeneration: values(1),
      conditions: list(
        object({ type: values("A", "B"), status: values("True", "False"), reason: values("R") }, "type", "status"),
        ["type"],
      ),
    }),
  },
  required: ["spec"],
}

const SERVICE: RandomKind = {
  apiVersion: "v1",
  kind: "Service",
  path: "/api/v1/namespaces/{{ns}}/services",
  fields: {
    spec: object(
      {
        ports: list(
          values(
            { name: "a", port: 80 },
            { name: "a", port: 80, protocol: "TCP", targetPort: 8080 },
            { name: "a", port: 80, protocol: "UDP", targetPort: "http" },
            { name: "b", port: 81 },
            { name: "b", port: 82, appProtocol: "h2c" },
            { name: "c", port: 83, targetPort: 83, appProtocol: "http" },
          ),
          ["name"],
        ),
        selector: strings,
        type: values("ClusterIP", "ClusterIP", "ExternalName"),
        externalName: values("x.example.com"),
        sessionAffinity: values("None", "ClientIP"),
        publishNotReadyAddresses: flag,
        externalIPs: list(values("1.2.3.4", "1.2.3.5")),
      },
      "ports",
    ),
  },
  required: ["spec"],
}

const CONFIG_MAP: RandomKind = {
  apiVersion: "v1",
  kind: "ConfigMap",
  path: "/api/v1/namespaces/{{ns}}/configmaps",
  fields: { data: strings, binaryData: mapOf(values("YQ==", "Yg=="), "x", "y"), immutable: values(false, false, true) },
}

const SECRET: RandomKind = {
  apiVersion: "v1",
  kind: "Secret",
  path: "/api/v1/namespaces/{{ns}}/secrets",
  fields: {
    data: mapOf(values("YQ==", "Yg==", ""), ...NAMES),
    stringData: strings,
    type: values("Opaque", "Opaque", "example.com/x"),
    immutable: values(false, false, true),
  },
}

const custom = (kind: string, plural: string, fields: RandomKind["fields"], status = false): RandomKind => ({
  apiVersion: CUSTOM_API.apiVersion,
  kind,
  path: `${CUSTOM_API.base}/namespaces/{{ns}}/${plural}`,
  fields,
  required: ["spec"],
  custom: true,
  status,
})

const ANYTHING = values({ x: 1 }, { x: { y: ["a", "b"] }, z: null }, ["a"], 1, "s", {}, [])

const LISTS = custom("List1", "lists", {
  spec: object({
    set: list(name),
    atoms: list(name),
    parts: list(object({ name, protocol: values("TCP", "UDP"), value: values(1, 2), tags: list(name) }, "name"), [
      "name",
      "protocol",
    ]),
    atom: object({ a: text, b: text }),
    labels: strings,
    tree: mapOf(object({ a: text, b: text }), ...NAMES),
  }),
})

const FREES = custom("Free", "frees", {
  spec: object({
    free: object({ x: ANYTHING, y: ANYTHING, list: list(object({ name, v: text })) }),
    half: object({ a: text, x: ANYTHING }),
    any: ANYTHING,
    port: values(1, "x", "80"),
    nullable: values("a", "b", null),
    nullableDefault: values("a", null),
    nested: object({ deep: text, other: values(1, 2) }),
  }),
})

const CHECKS = custom(
  "Check",
  "checks",
  {
    spec: object(
      {
        size: values(1, 2, 3, 3, 5, 6),
        mode: values("a", "b", "b", "b", "a", "c"),
        name: values("ab", "abc", "abcd", "abcd", "A", "abcde"),
        ratio: values(0.5, 2.5, 1.5, 0.3),
        list: list(values(0, 1, 2, 3, 4, -1), [], 2),
        map: mapOf(flag, ...NAMES),
      },
      "size",
    ),
    status: object({ phase: values("x", "y"), count: values(1, 2) }),
  },
  true,
)

export const KINDS: readonly RandomKind[] = [CONFIG_MAP, SECRET, SERVICE, DEPLOYMENT, LISTS, FREES, CHECKS]
