// A reduced Deployment in the form of Kubernetes' OpenAPI v3: references with siblings, patch keys, list and map types.
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"

const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })
const refWithDefault = (name: string, value: unknown = {}): JsonSchema => ({ allOf: [ref(name)], default: value })

const TEXT: JsonSchema = { type: "string" }
const INT32: JsonSchema = { type: "integer", format: "int32" }

const listByKey = (item: string, key: string, ...listKeys: string[]): JsonSchema => ({
  type: "array",
  items: refWithDefault(item),
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": listKeys.length === 0 ? [key] : listKeys,
  "x-kubernetes-patch-merge-key": key,
  "x-kubernetes-patch-strategy": "merge",
})

const SCHEMAS: { readonly [name: string]: JsonSchema } = {
  "io.k8s.api.apps.v1.Deployment": {
    type: "object",
    properties: {
      apiVersion: TEXT,
      kind: TEXT,
      metadata: refWithDefault("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
      spec: refWithDefault("io.k8s.api.apps.v1.DeploymentSpec"),
      status: refWithDefault("io.k8s.api.apps.v1.DeploymentStatus"),
    },
    "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Deployment" }],
  },
  "io.k8s.api.apps.v1.DeploymentSpec": {
    type: "object",
    required: ["selector", "template"],
    properties: {
      replicas: INT32,
      paused: { type: "boolean" },
      selector: { allOf: [ref("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector")] },
      strategy: {
        ...refWithDefault("io.k8s.api.apps.v1.DeploymentStrategy"),
        "x-kubernetes-patch-strategy": "retainKeys",
      },
      template: refWithDefault("io.k8s.api.core.v1.PodTemplateSpec"),
    },
  },
  "io.k8s.api.apps.v1.DeploymentStatus": {
    type: "object",
    properties: { readyReplicas: INT32, conditions: listByKey("io.k8s.api.apps.v1.DeploymentCondition", "type") },
  },
  "io.k8s.api.apps.v1.DeploymentCondition": {
    type: "object",
    required: ["type", "status"],
    properties: { type: { ...TEXT, default: "" }, status: { ...TEXT, default: "" }, message: TEXT },
  },
  "io.k8s.api.apps.v1.DeploymentStrategy": {
    type: "object",
    properties: { type: TEXT, rollingUpdate: { allOf: [ref("io.k8s.api.apps.v1.RollingUpdateDeployment")] } },
  },
  "io.k8s.api.apps.v1.RollingUpdateDeployment": {
    type: "object",
    properties: { maxSurge: { allOf: [ref("io.k8s.apimachinery.pkg.util.intstr.IntOrString")] } },
  },
  "io.k8s.api.core.v1.PodTemplateSpec": {
    type: "object",
    properties: {
      metadata: refWithDefault("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
      spec: refWithDefault("io.k8s.api.core.v1.PodSpec"),
    },
  },
  "io.k8s.api.core.v1.PodSpec": {
    type: "object",
    required: ["containers"],
    properties: {
      containers: listByKey("io.k8s.api.core.v1.Container", "name"),
      nodeSelector: {
        type: "object",
        additionalProperties: { ...TEXT, default: "" },
        "x-kubernetes-map-type": "atomic",
      },
      tolerations: {
        type: "array",
        items: refWithDefault("io.k8s.api.core.v1.Toleration"),
        "x-kubernetes-list-type": "atomic",
      },
      volumes: {
        ...listByKey("io.k8s.api.core.v1.Volume", "name"),
        "x-kubernetes-patch-strategy": "merge,retainKeys",
      },
      overrides: { allOf: [ref("io.k8s.apimachinery.pkg.runtime.RawExtension")] },
    },
  },
  "io.k8s.api.core.v1.Container": {
    type: "object",
    required: ["name"],
    properties: {
      name: { ...TEXT, default: "" },
      image: TEXT,
      args: { type: "array", items: { ...TEXT, default: "" }, "x-kubernetes-list-type": "atomic" },
      env: listByKey("io.k8s.api.core.v1.EnvVar", "name"),
      ports: listByKey("io.k8s.api.core.v1.ContainerPort", "containerPort", "containerPort", "protocol"),
      resources: refWithDefault("io.k8s.api.core.v1.ResourceRequirements"),
    },
  },
  "io.k8s.api.core.v1.ContainerPort": {
    type: "object",
    required: ["containerPort"],
    properties: { containerPort: { ...INT32, default: 0 }, name: TEXT, protocol: { ...TEXT, default: "TCP" } },
  },
  "io.k8s.api.core.v1.EnvVar": {
    type: "object",
    required: ["name"],
    properties: { name: { ...TEXT, default: "" }, value: TEXT },
  },
  "io.k8s.api.core.v1.ResourceRequirements": {
    type: "object",
    properties: {
      limits: { type: "object", additionalProperties: ref("io.k8s.apimachinery.pkg.api.resource.Quantity") },
    },
  },
  "io.k8s.api.core.v1.Toleration": { type: "object", properties: { key: TEXT, operator: TEXT } },
  "io.k8s.api.core.v1.Volume": {
    type: "object",
    required: ["name"],
    properties: {
      name: { ...TEXT, default: "" },
      emptyDir: { type: "object", properties: { medium: TEXT } },
      configMap: { type: "object", properties: { name: TEXT } },
    },
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector": {
    type: "object",
    properties: { matchLabels: { type: "object", additionalProperties: { ...TEXT, default: "" } } },
    "x-kubernetes-map-type": "atomic",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {
    type: "object",
    properties: {
      name: TEXT,
      namespace: TEXT,
      uid: TEXT,
      generation: { type: "integer", format: "int64" },
      creationTimestamp: { allOf: [ref("io.k8s.apimachinery.pkg.apis.meta.v1.Time")] },
      annotations: { type: "object", additionalProperties: { ...TEXT, default: "" } },
      labels: { type: "object", additionalProperties: { ...TEXT, default: "" } },
      finalizers: {
        type: "array",
        items: { ...TEXT, default: "" },
        "x-kubernetes-list-type": "set",
        "x-kubernetes-patch-strategy": "merge",
      },
      managedFields: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "atomic" },
      ownerReferences: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "atomic" },
    },
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": { type: "string", format: "date-time" },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { oneOf: [{ type: "string" }, { type: "number" }] },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": { type: "object" },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    format: "int-or-string",
    oneOf: [{ type: "integer" }, { type: "string" }],
  },
}

function resolve(name: string): JsonSchema {
  const schema = SCHEMAS[name.slice("#/components/schemas/".length)]
  if (schema === undefined) throw new Error(`Cannot resolve ${name}: the test schema has no such part`)
  return schema
}

export const DEPLOYMENT: KindSchema = { schema: SCHEMAS["io.k8s.api.apps.v1.Deployment"]!, resolve }

/** The schema of a custom resource, as a CRD has it: metadata left out, no references. */
export function customKind(spec: JsonSchema): KindSchema {
  return {
    schema: { type: "object", properties: { spec } },
    resolve(name) {
      throw new Error(`Cannot resolve ${name}: a custom resource has no references`)
    },
  }
}
