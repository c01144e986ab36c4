import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { resolveSchema, typeNameOf } from "#apimachinery/schema/resolve.ts"
import { newStatusError } from "#apimachinery/status-error.ts"

/** How a field takes part in a strategic merge patch. */
export type PatchField = {
  /** What its members or its elements are. */
  readonly inner: PatchSchema
  /** `merge`, `replace`, or nothing: objects merge then and lists are replaced. */
  readonly strategy: string
  /** The member that tells the elements of a list apart; "" for a list of scalars. */
  readonly mergeKey: string
}

/** The part of a kind's schema that a strategic merge patch is at. */
export class PatchSchema {
  readonly #schema: JsonSchema | undefined
  readonly #resolve: KindSchema["resolve"]
  readonly #typeName: string

  constructor(schema: JsonSchema | undefined, resolve: KindSchema["resolve"], typeName = "struct") {
    this.#schema = schema
    this.#resolve = resolve
    this.#typeName = typeName
  }

  /** @throws StatusError when the kind has no such field */
  field(key: string): PatchField {
    if (this.#schema === undefined) return { inner: this, strategy: "", mergeKey: "" }
    const { properties, additionalProperties } = this.#schema
    const outer = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined
    if (outer === undefined) {
      // The members of a map are all alike; below what has no schema everything merges as plain JSON.
      if (properties !== undefined) throw this.#unknownField(key)
      const values = typeof additionalProperties === "object" ? additionalProperties : undefined
      return { inner: this.#elementsOf(values), strategy: "", mergeKey: "" }
    }
    return {
      inner: this.#elementsOf(outer),
      strategy: strategyOf(outer["x-kubernetes-patch-strategy"]),
      mergeKey: outer["x-kubernetes-patch-merge-key"] ?? "",
    }
  }

  /** For a list the schema of its elements, else the schema itself. */
  #elementsOf(outer: JsonSchema | undefined): PatchSchema {
    if (outer === undefined) return new PatchSchema(undefined, this.#resolve)
    const schema = resolveSchema(outer, this.#resolve)
    if (schema.items === undefined) return new PatchSchema(schema, this.#resolve, typeNameOf(outer))
    return new PatchSchema(resolveSchema(schema.items, this.#resolve), this.#resolve, typeNameOf(schema.items))
  }

  #unknownField(key: string) {
    const field = JSON.stringify(key)
    return newStatusError("", `unable to find api field in struct ${this.#typeName} for the json field ${field}`)
  }
}

/** `retainKeys` only tells clients what to send; what remains says how to merge. */
function strategyOf(strategies: string | undefined): string {
  if (strategies === undefined) return ""
  return strategies.split(",").find((strategy) => strategy !== "retainKeys") ?? ""
}
