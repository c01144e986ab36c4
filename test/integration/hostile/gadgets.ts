import type { UnknownObject } from "#apimachinery/meta.ts"

/** A namespace and a kind of our own that uses most of what a structural schema can say. */
export const GADGETS: readonly UnknownObject[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } },
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gadgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
          },
          selectableFields: [{ jsonPath: ".spec.color" }],
          additionalPrinterColumns: [
            { name: "Size", type: "integer", jsonPath: ".spec.size" },
            { name: "Parts", type: "string", jsonPath: ".spec.parts[*].name" },
          ],
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: {
                  type: "object",
                  required: ["size"],
                  properties: {
                    size: { type: "integer", minimum: 0, maximum: 10, multipleOf: 2 },
                    ratio: { type: "number", exclusiveMinimum: true, minimum: 0 },
                    color: { type: "string", default: "red", pattern: "^(a+)+$|^red$", maxLength: 40 },
                    when: { type: "string", format: "date-time", nullable: true },
                    replicas: { type: "integer", format: "int32" },
                    port: { "x-kubernetes-int-or-string": true },
                    anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                    template: {
                      type: "object",
                      "x-kubernetes-embedded-resource": true,
                      "x-kubernetes-preserve-unknown-fields": true,
                    },
                    tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set", maxItems: 20 },
                    labels: { type: "object", additionalProperties: { type: "string" }, maxProperties: 20 },
                    parts: {
                      type: "array",
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name", "side"],
                      items: {
                        type: "object",
                        required: ["name"],
                        properties: {
                          name: { type: "string" },
                          side: { type: "string", enum: ["left", "right"], default: "left" },
                          count: { type: "integer", format: "int64" },
                        },
                      },
                    },
                    either: {
                      type: "object",
                      properties: { a: { type: "string" }, b: { type: "string" } },
                      oneOf: [{ required: ["a"] }, { required: ["b"] }],
                    },
                  },
                },
                status: { type: "object", properties: { replicas: { type: "integer" } } },
              },
            },
          },
        },
      ],
    },
  },
]
