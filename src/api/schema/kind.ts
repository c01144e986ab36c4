import type { JsonSchema } from "#apimachinery/openapi.ts"
import type { KubeObject, UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import type { Schema } from "./schema.ts"

export type PrinterColumn = {
  readonly name: string
  readonly type: "string" | "integer" | "boolean" | "date"
  readonly jsonPath: string
  readonly description?: string
  readonly priority?: number
}

/** One version of one kind of ours. */
export type KindDefinition<S> = {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  readonly namespaced: boolean
  /** Of the CustomResourceDefinition. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly description: string
  /** The fields beside apiVersion, kind and metadata. */
  readonly schema: Schema<S>
  readonly statusSubresource: boolean
  readonly columns?: readonly PrinterColumn[]
}

/** An object of a defined kind. */
export type ObjectOf<K> = K extends KindDefinition<infer S> ? KubeObject & S : never

/** Keeps the inferred shape of a definition. */
export const defineKind = <S>(definition: KindDefinition<S>): KindDefinition<S> => definition

/** How the client names the kind. */
export function resourceTypeOf<K extends KindDefinition<unknown>>(kind: K): ResourceType<ObjectOf<K>> {
  return {
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    kind: kind.kind,
    namespaced: kind.namespaced,
  }
}

/** The CustomResourceDefinition that serves a kind. */
export function crdOf(kind: KindDefinition<unknown>): UnknownObject {
  const lower = kind.kind.toLowerCase()
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${kind.plural}.${kind.group}`,
      ...(kind.annotations === undefined ? {} : { annotations: { ...kind.annotations } }),
    },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: lower,
        ...(kind.shortNames === undefined ? {} : { shortNames: kind.shortNames }),
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: openApiOf(kind) },
          ...(kind.statusSubresource ? { subresources: { status: {} } } : {}),
          ...(kind.columns === undefined ? {} : { additionalPrinterColumns: kind.columns }),
        },
      ],
    },
  }
}

function openApiOf(kind: KindDefinition<unknown>): JsonSchema {
  const schema: JsonSchema = kind.schema
  return {
    type: "object",
    description: kind.description,
    properties: {
      apiVersion: { type: "string", description: "The version of the API that the object is written in." },
      kind: { type: "string", description: "What the object is." },
      metadata: { type: "object" },
      ...schema.properties,
    },
    ...(schema.required === undefined ? {} : { required: schema.required }),
  }
}
