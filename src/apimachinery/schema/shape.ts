import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { refNameOf, resolveSchema } from "./resolve.ts"

type Resolve = KindSchema["resolve"]

/**
 * One node of a kind's structure, made for fast walks: references followed, members in a map, both only when a walk
 * first comes by (schemas refer to themselves, and most of a kind's schema is never used). One shape exists per schema.
 */
export class Shape {
  readonly schema: JsonSchema
  /** The Go name of a built-in type: `DeploymentSpec`. */
  readonly typeName: string | undefined
  /** The same with its package: `v1.DeploymentSpec`. */
  readonly qualifiedName: string | undefined
  /** A built-in type whose content no schema describes, as RawExtension: anything may be below. */
  readonly free: boolean
  /** What has no schema below may stay: `x-kubernetes-preserve-unknown-fields`. */
  readonly preserve: boolean
  /** A whole object with apiVersion, kind and metadata: `x-kubernetes-embedded-resource`. */
  readonly embedded: boolean
  readonly nullable: boolean
  readonly default: unknown
  readonly #resolve: Resolve
  readonly #refName: string | undefined
  readonly #siblings = new Map<string, Shape>()
  #properties: ReadonlyMap<string, Shape> | undefined
  #values: Shape | null | undefined
  #items: Shape | null | undefined

  /** @param refName  what referred to the schema: `io.k8s.api.apps.v1.DeploymentSpec` */
  constructor(schema: JsonSchema, resolve: Resolve, refName: string | undefined) {
    this.schema = schema
    const parts = refName?.split(".")
    this.typeName = parts?.at(-1)
    this.qualifiedName = parts?.slice(-2).join(".")
    this.#resolve = resolve
    this.#refName = refName
    const { type, properties, additionalProperties } = schema
    const scalarOrList = type !== undefined && type !== "object"
    const described = properties !== undefined || additionalProperties !== undefined || schema.oneOf !== undefined
    this.free = refName !== undefined && !scalarOrList && !described
    this.preserve = schema["x-kubernetes-preserve-unknown-fields"] === true
    this.embedded = schema["x-kubernetes-embedded-resource"] === true
    this.nullable = schema.nullable === true
    this.default = schema.default
  }

  get properties(): ReadonlyMap<string, Shape> {
    if (this.#properties === undefined) {
      const entries = Object.entries(this.schema.properties ?? {})
      this.#properties = new Map(entries.map(([name, schema]) => [name, shapeOf(schema, this.#resolve)]))
    }
    return this.#properties
  }

  /** What the members that `properties` does not name are: the schema under `additionalProperties`. */
  get values(): Shape | undefined {
    if (this.#values === undefined) {
      const { additionalProperties } = this.schema
      this.#values = typeof additionalProperties === "object" ? shapeOf(additionalProperties, this.#resolve) : null
    }
    return this.#values ?? undefined
  }

  /** Whether members that `properties` does not name are allowed, with or without a schema of theirs. */
  get hasValues(): boolean {
    const { additionalProperties } = this.schema
    return additionalProperties !== undefined && additionalProperties !== false
  }

  get items(): Shape | undefined {
    if (this.#items === undefined) {
      this.#items = this.schema.items === undefined ? null : shapeOf(this.schema.items, this.#resolve)
    }
    return this.#items ?? undefined
  }

  /** Another built-in type of the same package: what no schema refers to, because the types that do read JSON by themselves. */
  sibling(typeName: string): Shape {
    let shape = this.#siblings.get(typeName)
    if (shape === undefined) {
      const name = (this.#refName ?? "").split(".").slice(0, -1).concat(typeName).join(".")
      shape = shapeOf(this.#resolve(`#/components/schemas/${name}`), this.#resolve, name)
      this.#siblings.set(typeName, shape)
    }
    return shape
  }

  /** The shape of a member. */
  member(name: string): Shape | undefined {
    return this.properties.get(name) ?? this.values
  }
}

const shapes = new WeakMap<JsonSchema, Shape>()

/** The shape of a schema: the same one every time for the same schema object. */
export function shapeOf(schema: JsonSchema, resolve: Resolve, refName = refNameOf(schema)): Shape {
  let shape = shapes.get(schema)
  if (shape === undefined) {
    shape = new Shape(resolveSchema(schema, resolve), resolve, refName)
    shapes.set(schema, shape)
  }
  return shape
}

/** The shape of a kind's objects. */
export function rootShape(kind: KindSchema): Shape {
  return shapeOf(kind.schema, kind.resolve)
}
