import type { JsonSchema } from "#apimachinery/openapi.ts"
import { Shape } from "./shape.ts"

const TEXT: JsonSchema = { type: "string" }
const TEXT_MAP: JsonSchema = { type: "object", additionalProperties: TEXT }
const TIME: JsonSchema = { type: "string", format: "date-time" }

const OWNER_REFERENCE: JsonSchema = {
  type: "object",
  required: ["apiVersion", "kind", "name", "uid"],
  properties: {
    apiVersion: TEXT,
    blockOwnerDeletion: { type: "boolean" },
    controller: { type: "boolean" },
    kind: TEXT,
    name: TEXT,
    uid: TEXT,
  },
  "x-kubernetes-map-type": "atomic",
}

const MANAGED_FIELDS_ENTRY: JsonSchema = {
  type: "object",
  properties: {
    apiVersion: TEXT,
    fieldsType: TEXT,
    fieldsV1: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    manager: TEXT,
    operation: TEXT,
    subresource: TEXT,
    time: TIME,
  },
}

/**
 * metav1.ObjectMeta. A custom resource's schema says nothing about its metadata, and yet unknown fields in there are
 * dropped, finalizers are a set and owners a list by uid.
 */
export const OBJECT_META_SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    annotations: TEXT_MAP,
    creationTimestamp: { ...TIME, nullable: true },
    deletionGracePeriodSeconds: { type: "integer", format: "int64" },
    deletionTimestamp: TIME,
    finalizers: {
      type: "array",
      items: TEXT,
      "x-kubernetes-list-type": "set",
      "x-kubernetes-patch-strategy": "merge",
    },
    generateName: TEXT,
    generation: { type: "integer", format: "int64" },
    labels: TEXT_MAP,
    managedFields: { type: "array", items: MANAGED_FIELDS_ENTRY, "x-kubernetes-list-type": "atomic" },
    name: TEXT,
    namespace: TEXT,
    ownerReferences: {
      type: "array",
      items: OWNER_REFERENCE,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "uid",
    },
    resourceVersion: TEXT,
    selfLink: TEXT,
    uid: TEXT,
  },
}

const noReferences = (ref: string): JsonSchema => {
  throw new Error(`Cannot resolve schema reference "${ref}": ObjectMeta has none`)
}

/** The shape of `metadata` where a schema does not describe it. */
export const OBJECT_META: Shape = new Shape(OBJECT_META_SCHEMA, noReferences, "v1.ObjectMeta")

/** The shape of the `metadata` of objects: that of the schema if it is a full one, else {@link OBJECT_META}. */
export function metadataShape(object: Shape): Shape {
  const own = object.properties.get("metadata")
  return own?.properties.has("ownerReferences") ? own : OBJECT_META
}
