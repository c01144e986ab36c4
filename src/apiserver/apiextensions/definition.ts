import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import type { WebhookClientConfig } from "#apiserver/outbound/webhook-client.ts"

/** The parts of a CustomResourceDefinition that the server reads. It has passed validation when it is stored. */
export type CustomResourceDefinition = UnknownObject & {
  readonly spec: {
    readonly group: string
    readonly scope: "Namespaced" | "Cluster"
    readonly names: DefinitionNames
    readonly versions: readonly DefinitionVersion[]
    readonly conversion?: {
      readonly strategy: string
      readonly webhook?: {
        readonly clientConfig?: WebhookClientConfig
        readonly conversionReviewVersions?: readonly string[]
      }
    }
  }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly acceptedNames?: Partial<DefinitionNames>
    readonly storedVersions?: readonly string[]
  }
}

export type DefinitionNames = {
  readonly plural: string
  readonly singular?: string
  readonly kind: string
  readonly listKind?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

export type DefinitionVersion = {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema }
  readonly subresources?: {
    readonly status?: object
    readonly scale?: {
      readonly specReplicasPath: string
      readonly statusReplicasPath: string
      readonly labelSelectorPath?: string
    }
  }
  readonly additionalPrinterColumns?: readonly DefinitionColumn[]
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
}

export type DefinitionColumn = {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

export const DEFINITIONS = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" }

/** Narrows what a reader returns. @throws Error for something else: only validated definitions are stored */
export function asDefinition(object: UnknownObject): CustomResourceDefinition {
  if (object.kind !== "CustomResourceDefinition" || !isJsonObject(object["spec"])) {
    throw new Error(`Cannot read ${object.kind} ${object.metadata.name}: want a CustomResourceDefinition`)
  }
  return object as CustomResourceDefinition
}

/** Whether its resources may be served. */
export function isEstablished(definition: CustomResourceDefinition): boolean {
  return definition.status?.conditions?.some((c) => c.type === "Established" && c.status === "True") ?? false
}
