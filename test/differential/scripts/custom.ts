import { accept, apply, del, events, get, patch, post, put, watch, type Script } from "../script.ts"

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
const GROUP = "differ.example.com"
const TABLE = accept("application/json;as=Table;g=meta.k8s.io;v=v1")

const definition = (plural: string, kind: string, versions: readonly object[], more: object = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${GROUP}` },
  spec: { group: GROUP, scope: "Namespaced", names: { plural, kind }, versions, ...more },
})
const version = (name: string, schema: object, more: object = {}) => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: "object", properties: schema } },
  ...more,
})
const served = (path: string) => get(path, { until: { path: "status", is: 200 }, quiet: true })

const SPEC = {
  type: "object",
  required: ["size"],
  properties: {
    size: { type: "integer", minimum: 1, maximum: 10 },
    mode: { type: "string", enum: ["a", "b"], default: "a" },
    name: { type: "string", pattern: "^[a-z]+$", minLength: 2, maxLength: 5 },
    when: { type: "string", format: "date-time" },
    ratio: { type: "number", multipleOf: 0.5 },
    flag: { type: "boolean", default: false },
    port: { "x-kubernetes-int-or-string": true },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    nullable: { type: "string", nullable: true },
    tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set", maxItems: 3 },
    atoms: { type: "array", items: { type: "string" } },
    parts: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: {
        type: "object",
        required: ["name"],
        properties: { name: { type: "string" }, value: { type: "integer", default: 7 } },
      },
    },
    labels: { type: "object", additionalProperties: { type: "string" } },
    nested: { type: "object", default: {}, properties: { deep: { type: "string", default: "x" } } },
  },
}
const WIDGETS = `/apis/${GROUP}/v1/namespaces/{{ns}}/widgets`
const widget = (name: string, spec: object, more: object = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind: "Widget",
  metadata: { name },
  spec,
  ...more,
})

export const custom: Script = {
  name: "custom",
  steps: [
    post(
      CRDS,
      definition(
        "widgets",
        "Widget",
        [
          version(
            "v1",
            {
              spec: SPEC,
              status: { type: "object", properties: { ready: { type: "integer" }, replicas: { type: "integer" } } },
            },
            {
              subresources: {
                status: {},
                scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.replicas" },
              },
              additionalPrinterColumns: [
                { name: "Size", type: "integer", jsonPath: ".spec.size" },
                { name: "Mode", type: "string", jsonPath: ".spec.mode", description: "Which", priority: 1 },
                { name: "Born", type: "date", jsonPath: ".metadata.creationTimestamp" },
              ],
              selectableFields: [{ jsonPath: ".spec.mode" }],
            },
          ),
        ],
        { names: { plural: "widgets", kind: "Widget", shortNames: ["wd"], categories: ["all"] } },
      ),
      { pick: ["spec.names", "spec.conversion", "metadata.generation"] },
    ),
    get(`${CRDS}/widgets.${GROUP}`, {
      until: { path: "status.conditions.1.status", is: "True" },
      pick: [
        "status.acceptedNames",
        "status.storedVersions",
        "status.conditions.0.type",
        "status.conditions.1.type",
        "metadata.generation",
      ],
    }),
    served(WIDGETS),
    get(`/apis/${GROUP}/v1`, { until: { path: "resources.0.name", is: "widgets" } }),
    post(WIDGETS, widget("a", { size: 1 })),
    post(WIDGETS, widget("a", { size: 1 })),
    post(WIDGETS, widget("b", {})),
    post(WIDGETS, { ...widget("b", {}), spec: undefined }),
    post(WIDGETS, widget("b", { size: 11 })),
    // One problem at a time: several come in the random order of Go's maps.
    ...[
      { size: 0 },
      { mode: "c" },
      { name: "X" },
      { when: "yesterday" },
      { ratio: 0.3 },
      { flag: "yes" },
      { port: true },
    ].map((problem) => post(WIDGETS, widget("b", { size: 1, ...problem }))),
    post(WIDGETS, widget("b", { size: "1" })),
    post(WIDGETS, widget("b", { size: 1.5 })),
    post(WIDGETS, widget("b", { size: 1, name: "toolong" })),
    post(WIDGETS, widget("b", { size: 1, tags: ["x", "x"] })),
    post(WIDGETS, widget("b", { size: 1, tags: ["a", "b", "c", "d"] })),
    post(WIDGETS, widget("b", { size: 1, parts: [{ name: "x" }, { name: "x" }] })),
    post(WIDGETS, widget("b", { size: 1, parts: [{}] })),
    post(WIDGETS, widget("b", { size: 1, labels: { x: 1 } })),
    post(WIDGETS, widget("b", { size: 1, mode: null, nullable: null, flag: null })),
    post(
      WIDGETS,
      widget("c", {
        size: 2,
        unknown: 1,
        nested: { other: 2 },
        free: { any: { thing: [1] } },
        port: "http",
        parts: [{ name: "p" }],
        tags: ["t"],
        atoms: ["y", "x"],
        labels: { l: "m" },
      }),
    ),
    post(`${WIDGETS}?fieldValidation=Strict`, widget("d", { size: 2, unknown: 1 })),
    post(`${WIDGETS}?fieldValidation=Strict`, {
      ...widget("d", { size: 2 }),
      other: 1,
      metadata: { name: "d", nope: 1 },
    }),
    post(`${WIDGETS}?fieldValidation=Ignore`, widget("d", { size: 2, unknown: 1 })),
    post(WIDGETS, widget("e", { size: 2 }, { status: { ready: 1 } })),
    post(WIDGETS, { kind: "Widget", metadata: { name: "f" } }),
    post(WIDGETS, { apiVersion: `${GROUP}/v1`, metadata: { name: "f" } }),
    post(WIDGETS, { apiVersion: `${GROUP}/v2`, kind: "Widget", metadata: { name: "f" } }),
    post(WIDGETS, { apiVersion: `${GROUP}/v1`, kind: "Gadget", metadata: { name: "f" } }),
    post(WIDGETS, widget("Bad_Name", { size: 1 })),
    post(WIDGETS, "not json"),
    get(WIDGETS),
    get(`${WIDGETS}?limit=2`, { pick: ["metadata.continue", "metadata.remainingItemCount", "kind"] }),
    get(WIDGETS, TABLE),
    get(`${WIDGETS}/a`, TABLE),
    get(`${WIDGETS}/a`, accept("application/yaml")),
    get(`${WIDGETS}/a`, accept("application/vnd.kubernetes.protobuf,application/json")),
    get(`${WIDGETS}/a`, accept("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")),
    get(`${WIDGETS}?fieldSelector=spec.mode%3Da`, { pick: ["items.0.metadata.name", "items.4"] }),
    get(`${WIDGETS}?fieldSelector=spec.size%3D1`),
    get(`/apis/${GROUP}/v1/widgets?fieldSelector=metadata.name%3Da`),
    put(`${WIDGETS}/a`, widget("a", { size: 3 })),
    put(`${WIDGETS}/a`, { ...widget("a", { size: 3 }), metadata: { name: "a", resourceVersion: "1" } }),
    get(`${WIDGETS}/a`, { capture: { rv: "metadata.resourceVersion" } }),
    put(
      `${WIDGETS}/a`,
      { ...widget("a", { size: 3 }, { status: { ready: 1 } }), metadata: { name: "a", resourceVersion: "{{rv}}" } },
      { capture: { rv: "metadata.resourceVersion" } },
    ),
    put(`${WIDGETS}/a/status`, {
      ...widget("a", { size: 4 }, { status: { ready: 1, nope: 2 } }),
      metadata: { name: "a", resourceVersion: "{{rv}}", labels: { x: "y" } },
    }),
    patch("merge", `${WIDGETS}/a/status`, { status: { ready: "x" } }),
    patch("merge", `${WIDGETS}/a/status`, { status: { replicas: 2 }, spec: { size: 9 } }),
    get(`${WIDGETS}/a/status`, { pick: ["status", "spec"] }),
    get(`${WIDGETS}/a/scale`),
    put(`${WIDGETS}/a/scale`, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "a" },
      spec: { replicas: 5 },
    }),
    patch("merge", `${WIDGETS}/a/scale`, { spec: { replicas: 50 } }),
    patch("merge", `${WIDGETS}/a/scale`, { spec: { replicas: 6 } }),
    patch("merge", `${WIDGETS}/a`, { spec: { mode: "b", unknown: 1 } }),
    patch("merge", `${WIDGETS}/a`, { spec: { mode: "b" } }),
    patch("merge", `${WIDGETS}/a`, { spec: { mode: "z" } }),
    patch("merge", `${WIDGETS}/a`, { kind: "Other" }),
    patch("json", `${WIDGETS}/a`, [{ op: "add", path: "/spec/atoms", value: ["q"] }]),
    patch("json", `${WIDGETS}/a`, [{ op: "remove", path: "/spec/size" }]),
    patch("strategic", `${WIDGETS}/a`, { spec: { mode: "b" } }),
    apply(`${WIDGETS}/s`, "one", widget("s", { size: 1, parts: [{ name: "p", value: 1 }], tags: ["x"], atoms: ["1"] })),
    apply(`${WIDGETS}/s`, "two", widget("s", { size: 1, parts: [{ name: "q" }], tags: ["y"] })),
    apply(`${WIDGETS}/s`, "two", widget("s", { size: 2, atoms: ["2"] })),
    apply(`${WIDGETS}/s`, "two", widget("s", { size: 2, atoms: ["2"], nope: 1 }), "&force=true"),
    apply(`${WIDGETS}/s`, "one", widget("s", { size: 2 })),
    apply(`${WIDGETS}/s`, "one", widget("s", { size: "x" })),
    apply(`${WIDGETS}/s/status`, "stat", widget("s", { size: 2 }, { status: { ready: 1 } })),
    apply(`${WIDGETS}/s`, "one", { ...widget("s", { size: 2 }), apiVersion: `${GROUP}/v9` }),
    watch("w", WIDGETS, "fieldSelector=spec.mode%3Db&timeoutSeconds=2"),
    events("w", 1),
    del(`${WIDGETS}/a`),
    events("w", 1),
    del(`${WIDGETS}?fieldSelector=metadata.name%3Dc`, undefined, { pick: ["kind", "items.0.metadata.name"] }),
    del(`${CRDS}/widgets.${GROUP}`, undefined, { pick: ["kind", "metadata.finalizers"] }),
    get(WIDGETS, { until: { path: "status", is: 404 } }),
    get(`${CRDS}/widgets.${GROUP}`, { until: { path: "status", is: 404 } }),
  ],
}

const GADGETS = "gadget.example.com"
const gadget = (plural: string, kind: string, versions: readonly object[], more: object = {}) => ({
  ...definition(plural, kind, versions, { group: GADGETS, ...more }),
  metadata: { name: `${plural}.${GADGETS}` },
})
const OLD = "/apis/gadget.example.com/v1alpha1/namespaces/{{ns}}/gadgets"
const NEW = "/apis/gadget.example.com/v1/namespaces/{{ns}}/gadgets"

export const definitions: Script = {
  name: "definitions",
  steps: [
    post(CRDS, gadget("Bad", "bad", [version("v1", {})])),
    post(CRDS, { ...gadget("gadgets", "Gadget", [version("v1", {})]), metadata: { name: "other" } }),
    post(CRDS, gadget("gadgets", "Gadget", [])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", {}, { storage: false })])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", {}), version("v2", {})])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", {}), version("v1", {}, { storage: false })])),
    post(CRDS, gadget("gadgets", "Gadget", [{ name: "v1", served: true, storage: true }])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", { x: {} })])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", { x: { type: "nope" } })])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", { x: { type: "string", default: 5 } })])),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", { x: { type: "array" } })])),
    post(
      CRDS,
      gadget("gadgets", "Gadget", [
        version("v1", { x: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "map" } }),
      ]),
    ),
    post(
      CRDS,
      gadget("gadgets", "Gadget", [
        version("v1", { metadata: { type: "object", properties: { labels: { type: "object" } } } }),
      ]),
    ),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", { x: { type: "string", pattern: "(" } })])),
    post(
      CRDS,
      gadget("gadgets", "Gadget", [
        version("v1", {}, { additionalPrinterColumns: [{ name: "x", type: "nope", jsonPath: "bad" }] }),
      ]),
    ),
    post(
      CRDS,
      gadget("gadgets", "Gadget", [version("v1", {}, { subresources: { scale: { specReplicasPath: ".x" } } })]),
    ),
    post(
      CRDS,
      gadget("gadgets", "Gadget", [
        version("v1", { x: { type: "string" } }, { selectableFields: [{ jsonPath: ".y" }] }),
      ]),
    ),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", {})], { scope: "Nope" })),
    post(CRDS, gadget("gadgets", "Gadget", [version("v1", {})], { conversion: { strategy: "Nope" } })),
    post(CRDS, {
      ...definition("gadgets", "Gadget", [version("v1", {})], { group: "x.k8s.io" }),
      metadata: { name: "gadgets.x.k8s.io" },
    }),
    post(
      CRDS,
      gadget("gadgets", "Gadget", [
        version(
          "v1alpha1",
          { spec: { type: "object", properties: { a: { type: "string" } } } },
          { storage: false, deprecated: true },
        ),
        version("v1", {
          spec: { type: "object", properties: { a: { type: "string" }, b: { type: "string", default: "new" } } },
        }),
      ]),
    ),
    get(`${CRDS}/gadgets.${GADGETS}`, { until: { path: "status.conditions.1.status", is: "True" } }),
    served(NEW),
    served(OLD),
    post(OLD, { apiVersion: `${GADGETS}/v1alpha1`, kind: "Gadget", metadata: { name: "a" }, spec: { a: "1", b: "2" } }),
    get(`${NEW}/a`),
    get(`${OLD}/a`),
    get(OLD),
    get(NEW),
    patch("merge", `${OLD}/a`, { spec: { a: "2" } }),
    patch("merge", `${NEW}/a`, { spec: { b: "3" } }),
    get(`${OLD}/a`, TABLE),
    apply(
      `${OLD}/a`,
      "m",
      { apiVersion: `${GADGETS}/v1alpha1`, kind: "Gadget", metadata: { name: "a" }, spec: { a: "9" } },
      "&force=true",
    ),
    apply(
      `${NEW}/a`,
      "m",
      { apiVersion: `${GADGETS}/v1`, kind: "Gadget", metadata: { name: "a" }, spec: { a: "9", b: "8" } },
      "&force=true",
    ),
    get(`/apis/${GADGETS}`, { pick: ["name", "preferredVersion"] }),
    patch("merge", `${CRDS}/gadgets.${GADGETS}`, { spec: { scope: "Cluster" } }),
    patch("merge", `${CRDS}/gadgets.${GADGETS}`, { spec: { names: { kind: "Other" } } }),
    patch("merge", `${CRDS}/gadgets.${GADGETS}`, { spec: { group: "other.example.com" } }),
    patch("merge", `${CRDS}/gadgets.${GADGETS}/status`, { status: { storedVersions: [] } }),
    post(CRDS, gadget("doodads", "Gadget", [version("v1", {})]), { pick: ["kind"] }),
    get(`${CRDS}/doodads.${GADGETS}`, {
      until: { path: "status.conditions.0.status", is: "False" },
      pick: ["status.conditions", "status.acceptedNames"],
    }),
    get(`/apis/${GADGETS}/v1/namespaces/{{ns}}/doodads`),
    del(`${CRDS}/doodads.${GADGETS}`, undefined, { pick: ["kind"] }),
    del(`${NEW}/a`),
    del(`${CRDS}/gadgets.${GADGETS}`, undefined, { pick: ["kind"] }),
    get(`${CRDS}/gadgets.${GADGETS}`, { until: { path: "status", is: 404 } }),
  ],
}
