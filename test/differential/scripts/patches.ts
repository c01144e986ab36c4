import { apply, configMap, get, patch, post, type Script } from "../script.ts"

const CONFIG_MAPS = "/api/v1/namespaces/{{ns}}/configmaps"
const DEPLOYMENTS = "/apis/apps/v1/namespaces/{{ns}}/deployments"
const A = `${CONFIG_MAPS}/a`
const D = `${DEPLOYMENTS}/d`

const deployment = (containers: readonly object[], more: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d" },
  spec: {
    selector: { matchLabels: { app: "d" } },
    template: { metadata: { labels: { app: "d" } }, spec: { containers } },
    ...more,
  },
})

export const patches: Script = {
  name: "patches",
  steps: [
    post(CONFIG_MAPS, configMap("a", { a: "1", b: "2" }), { capture: { rv: "metadata.resourceVersion" } }),
    patch("json", A, [{ op: "add", path: "/data/c", value: "3" }]),
    patch("json", A, [{ op: "test", path: "/data/c", value: "4" }]),
    patch("json", A, [{ op: "remove", path: "/data/nope" }]),
    patch("json", A, [{ op: "replace", path: "/data/new", value: "x" }]),
    patch("json", A, [{ op: "replace", path: "/nope/new", value: "x" }]),
    patch("json", A, [{ op: "add", path: "/nope/new", value: "x" }]),
    patch("json", A, [{ op: "copy", from: "/data/a", path: "/data/d" }]),
    patch("json", A, [{ op: "move", from: "/data/d", path: "/data/e" }]),
    patch("json", A, [{ op: "move", from: "/data/nope", path: "/data/e" }]),
    patch("json", A, [{ op: "nope", path: "/data/e" }]),
    patch("json", A, [{ op: "add", value: "x" }]),
    patch("json", A, [{ op: "add", path: "data", value: "x" }]),
    patch("json", A, [{ op: "add", path: "/data/e~1f", value: "x" }]),
    patch("json", A, { op: "add" }),
    patch("json", A, "[{"),
    patch("json", A, ""),
    patch("json", A, []),
    patch("json", A, [{ op: "replace", path: "/metadata/name", value: "b" }]),
    patch("json", A, [{ op: "replace", path: "/metadata/namespace", value: "b" }]),
    patch("json", A, [{ op: "replace", path: "/kind", value: "Service" }]),
    patch("json", A, [{ op: "replace", path: "/apiVersion", value: "v2" }]),
    patch("json", A, [{ op: "replace", path: "/metadata/uid", value: "b" }]),
    patch("json", A, [{ op: "replace", path: "/metadata/resourceVersion", value: "1" }]),
    patch("json", A, [{ op: "replace", path: "/data", value: "text" }]),
    patch("json", A, [{ op: "add", path: "/data/n", value: 5 }]),
    patch("json", A, [{ op: "remove", path: "" }]),
    patch("json", A, [{ op: "replace", path: "", value: {} }]),
    patch("json", A, [{ op: "remove", path: "/metadata" }]),
    patch("json", A, [{ op: "add", path: "/unknown", value: 1 }]),
    patch("json", `${A}?fieldValidation=Strict`, [{ op: "add", path: "/unknown", value: 1 }]),
    patch("merge", A, { data: { a: null, f: "6" } }),
    patch("merge", A, { data: { a: null, f: "6" } }),
    patch("merge", A, { metadata: { resourceVersion: "{{rv}}" }, data: { f: "7" } }),
    patch("merge", A, { metadata: { uid: "x" } }),
    patch("merge", A, { metadata: { name: "b" } }),
    patch("merge", A, { metadata: null }),
    patch("merge", A, { data: null }),
    patch("merge", A, { data: [] }),
    patch("merge", A, []),
    patch("merge", A, "null"),
    patch("merge", A, "5"),
    patch("merge", A, "{"),
    patch("merge", A, ""),
    patch("merge", A, { unknown: 1, metadata: { unknown: 2 } }),
    patch("merge", `${A}?fieldValidation=Strict`, { unknown: 1 }),
    patch("merge", `${A}?fieldValidation=Ignore`, { unknown: 1 }),
    patch("merge", `${A}?fieldValidation=Strict`, '{"data":{"x":"1","x":"2"}}'),
    patch("merge", `${A}?force=true`, { data: { g: "1" } }),
    patch("merge", `${A}?fieldManager=me`, { data: { g: "1" } }),
    patch("merge", `${A}?dryRun=All`, { data: { g: "2" } }),
    patch("merge", `${CONFIG_MAPS}/nope`, { data: { g: "2" } }),
    patch("merge", CONFIG_MAPS, { data: { g: "2" } }),
    patch("merge", A, { data: { g: "2" } }, { headers: { "content-type": "application/json" } }),
    patch("merge", A, { data: { g: "2" } }, { headers: { "content-type": "" } }),
    patch("merge", A, "data:\n  g: 3\n"),
    get(A),
  ],
}

export const strategic: Script = {
  name: "strategic",
  steps: [
    post(
      DEPLOYMENTS,
      deployment([{ name: "c", image: "i", env: [{ name: "A", value: "1" }], ports: [{ containerPort: 80 }] }]),
    ),
    patch("strategic", D, { spec: { template: { spec: { containers: [{ name: "c", image: "j" }] } } } }),
    patch("strategic", D, { spec: { template: { spec: { containers: [{ name: "d", image: "k" }] } } } }),
    patch("strategic", D, {
      spec: {
        template: {
          spec: {
            $setElementOrder: undefined,
            "$setElementOrder/containers": [{ name: "d" }, { name: "c" }],
            containers: [{ name: "d", image: "l" }, { name: "c" }],
          },
        },
      },
    }),
    patch("strategic", D, {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: "c",
                env: [
                  { name: "B", value: "2" },
                  { name: "A", value: "9" },
                ],
              },
            ],
          },
        },
      },
    }),
    patch("strategic", D, {
      spec: { template: { spec: { containers: [{ name: "c", env: [{ name: "A", $patch: "delete" }] }] } } },
    }),
    patch("strategic", D, {
      spec: {
        template: {
          spec: { containers: [{ name: "c", ports: [{ containerPort: 80, name: "web" }, { containerPort: 81 }] }] },
        },
      },
    }),
    patch("strategic", D, { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } }),
    patch("strategic", D, {
      spec: { template: { spec: { containers: [{ $patch: "replace" }, { name: "z", image: "z" }] } } },
    }),
    patch("strategic", D, { metadata: { labels: { $patch: "replace", x: "y" } } }),
    patch("strategic", D, { metadata: { labels: { $patch: "delete" } } }),
    patch("strategic", D, { metadata: { labels: { $patch: "nope" } } }),
    patch("strategic", D, { metadata: { finalizers: ["a/b", "c/d"] } }),
    patch("strategic", D, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a/b"] } }),
    patch("strategic", D, { metadata: { "$deleteFromPrimitiveList/finalizers": ["c/d"] } }),
    patch("strategic", D, { spec: { template: { spec: { containers: [{ image: "x" }] } } } }),
    patch("strategic", D, { spec: { template: { spec: { containers: "x" } } } }),
    patch("strategic", D, { spec: { template: { spec: { containers: null } } } }),
    patch("strategic", D, { spec: { replicas: "x" } }),
    patch("strategic", D, { spec: { replicas: null, paused: true } }),
    patch("strategic", D, { spec: { selector: { matchLabels: { app: "e" } } } }),
    patch("strategic", D, { spec: { nope: 1 } }),
    patch("strategic", `${D}?fieldValidation=Strict`, { spec: { nope: 1 } }),
    patch("strategic", D, []),
    patch("strategic", D, "{"),
    patch("strategic", D, {
      spec: {
        template: { spec: { volumes: [{ name: "v", emptyDir: {} }], tolerations: [{ key: "a", operator: "Exists" }] } },
      },
    }),
    patch("strategic", D, {
      spec: { template: { spec: { volumes: [{ name: "v", emptyDir: null, hostPath: { path: "/x" } }] } } },
    }),
    patch("strategic", D, {
      spec: {
        template: { spec: { volumes: [{ name: "v", $retainKeys: ["name", "configMap"], configMap: { name: "x" } }] } },
      },
    }),
    patch("merge", D, { spec: { template: { spec: { containers: [{ name: "only", image: "one" }] } } } }),
    patch("json", D, [{ op: "add", path: "/spec/template/spec/containers/-", value: { name: "two", image: "two" } }]),
    patch("json", D, [{ op: "remove", path: "/spec/template/spec/containers/5" }]),
    patch("json", D, [{ op: "add", path: "/spec/template/spec/containers/7", value: { name: "x", image: "y" } }]),
    patch("json", D, [
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: "three" },
      { op: "test", path: "/spec/paused", value: true },
    ]),
    patch("strategic", `${D}/status`, {
      status: { replicas: 3, conditions: [{ type: "Available", status: "True" }] },
      spec: { replicas: 9 },
    }),
    patch("strategic", `${D}/status`, { status: { conditions: [{ type: "Progressing", status: "True" }] } }),
    patch("strategic", `${D}/scale`, { spec: { replicas: 4 } }),
    patch("merge", `${D}/scale`, { spec: { replicas: 5 } }),
    patch("json", `${D}/scale`, [{ op: "replace", path: "/spec/replicas", value: 6 }]),
    apply(`${D}/scale`, "scaler", {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "d" },
      spec: { replicas: 6 },
    }),
    get(D),
  ],
}

const applied = (data: object, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", ...metadata },
  data,
})

export const applies: Script = {
  name: "applies",
  steps: [
    apply(A, "one", applied({ a: "1" })),
    apply(A, "one", applied({ a: "1" })),
    apply(A, "two", applied({ b: "2" })),
    apply(A, "two", applied({ a: "2" })),
    apply(A, "two", applied({ a: "1" })),
    apply(A, "two", applied({ a: "2" }), "&force=true"),
    apply(A, "one", applied({ c: "3" })),
    apply(A, "one", applied({})),
    patch("merge", `${A}?fieldManager=editor`, { data: { d: "4", e: "5" }, metadata: { labels: { x: "y" } } }),
    apply(A, "one", applied({ d: "5", e: "6" })),
    apply(A, "one", applied({ d: "5" }, { labels: { x: "z" } })),
    apply(A, "one", applied({ d: "5" }, { labels: { x: "z" } }), "&force=true"),
    apply(A, "one", applied({ d: "5" }), "&force=nope"),
    apply(A, "one", applied({ d: "5" }), "&dryRun=All"),
    patch("apply", A, applied({ d: "5" })),
    apply(A, "one", { ...applied({ d: "5" }), nope: 1 }),
    apply(A, "one", { ...applied({ d: "5" }), nope: 1 }, "&fieldValidation=Strict"),
    apply(A, "one", applied({ d: 5 })),
    apply(A, "one", applied({}, { managedFields: [] })),
    apply(A, "one", applied({}, { managedFields: [{ manager: "x" }] })),
    apply(A, "one", applied({}, { name: "b" })),
    apply(A, "one", applied({}, { name: undefined })),
    apply(A, "one", applied({}, { namespace: "other" })),
    apply(A, "one", applied({}, { resourceVersion: "1" })),
    apply(A, "one", applied({}, { uid: "x" })),
    apply(A, "one", { ...applied({}), apiVersion: "v2" }),
    apply(A, "one", { ...applied({}), kind: "Secret" }),
    apply(A, "one", { metadata: { name: "a" } }),
    apply(A, "one", "apiVersion: v1\nkind: ConfigMap\ndata: {z: aml}\n"),
    apply(A, "one", "{"),
    apply(A, "one", "a: b: c"),
    apply(A, "one", ""),
    apply(A, "one", "[]"),
    apply(A, "one", "apiVersion: v1\nkind: ConfigMap\ndata: {z: a, z: b}\n", "&fieldValidation=Strict"),
    apply(`${CONFIG_MAPS}/n`, "one", applied({}, { name: "n", uid: "x" })),
    apply(`${CONFIG_MAPS}/n`, "one", applied({}, { name: "n", resourceVersion: "5" })),
    apply("/api/v1/namespaces/nowhere/configmaps/a", "one", applied({})),
    apply(`${CONFIG_MAPS}/Bad_Name`, "one", applied({}, { name: "Bad_Name" })),
    post(`${CONFIG_MAPS}?fieldManager=before`, configMap("old", { a: "1" })),
    patch("merge", `${CONFIG_MAPS}/old`, { metadata: { managedFields: [{}] } }),
    patch("merge", `${CONFIG_MAPS}/old?fieldManager=between`, { data: { b: "1" } }),
    apply(`${CONFIG_MAPS}/old`, "after", applied({ a: "2" }, { name: "old" })),
    apply(`${CONFIG_MAPS}/old`, "after", applied({ a: "1", c: "3" }, { name: "old" })),
    apply(D, "one", deployment([{ name: "c", image: "i", ports: [{ containerPort: 80 }] }])),
    apply(D, "two", deployment([{ name: "c", image: "j" }])),
    apply(
      D,
      "two",
      deployment([
        { name: "c", image: "i" },
        { name: "d", image: "k", env: [{ name: "X", value: "y" }] },
      ]),
    ),
    apply(D, "one", deployment([{ name: "c", image: "i", ports: [{ containerPort: 81 }] }], { replicas: 3 })),
    apply(D, "two", deployment([{ name: "d", image: "k" }], { replicas: 4 })),
    apply(`${D}/status`, "stat", {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d" },
      status: { replicas: 2 },
    }),
    apply(`${D}/status`, "stat", {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d" },
      spec: { replicas: 2 },
      status: { conditions: [{ type: "A", status: "True" }] },
    }),
    apply(`${D}/scale`, "scale", {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "d" },
      spec: { replicas: 7 },
    }),
    apply(
      `${D}/scale`,
      "scale",
      { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "d" }, spec: { replicas: 7 } },
      "&force=true",
    ),
    apply(
      D,
      "one",
      deployment([
        { name: "c", image: "i" },
        { name: "c", image: "j" },
      ]),
    ),
    apply(D, "one", deployment([{ image: "i" }])),
    apply(
      D,
      "one",
      deployment([
        {
          name: "c",
          image: "i",
          env: [
            { name: "A", value: "1" },
            { name: "A", value: "2" },
          ],
        },
      ]),
    ),
    apply(D, "one", deployment([], { replicas: "x" })),
    apply(D, "one", { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" } }),
    get(D),
  ],
}
