/**
 * The OpenAPI v3 schema of a kind with Kubernetes' extensions: the one form in which built-in kinds (generated data)
 * and custom resources (CRDs) describe themselves to validation, pruning, defaulting, patches and server-side apply.
 */
export type JsonSchema = {
  readonly $ref?: string
  readonly allOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly not?: JsonSchema
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean"
  readonly format?: string
  readonly description?: string
  readonly title?: string
  readonly default?: unknown
  readonly nullable?: boolean
  readonly enum?: readonly unknown[]
  readonly properties?: { readonly [name: string]: JsonSchema }
  readonly additionalProperties?: JsonSchema | boolean
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean
  readonly "x-kubernetes-int-or-string"?: boolean
  readonly "x-kubernetes-embedded-resource"?: boolean
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map"
  readonly "x-kubernetes-list-map-keys"?: readonly string[]
  readonly "x-kubernetes-map-type"?: "granular" | "atomic"
  readonly "x-kubernetes-patch-strategy"?: string
  readonly "x-kubernetes-patch-merge-key"?: string
  readonly "x-kubernetes-validations"?: readonly ValidationRule[]
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[]
}

/** One CEL rule. */
export type ValidationRule = {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** A kind's schema and what its `$ref`s (`#/components/schemas/NAME`) point to. */
export type KindSchema = {
  readonly schema: JsonSchema
  /** @returns the schema that a `$ref` names; loaded on first use. @throws when there is none */
  readonly resolve: (ref: string) => JsonSchema
}
