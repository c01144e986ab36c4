// The types of a kind's objects, each looked up when an expression first goes there: whole kinds are large. Sources:
// apiserver pkg/cel/common/schemas.go, pkg/cel/openapi/resolver.
import type { KindSchema } from "#apimachinery/openapi.ts"
import { metadataShape } from "#apimachinery/schema/object-meta.ts"
import { rootShape, type Shape } from "#apimachinery/schema/shape.ts"
import type { TypeProvider } from "#cel/types/declarations.ts"
import * as types from "#cel/types/type.ts"
import { listType, mapType, structType, type Type } from "#cel/types/type.ts"
import { escapeName } from "./field-names.ts"

/**
 * @param name  of the type of the whole object; those inside are called `NAME.spec.template`
 * @returns the type, and where the fields of it and of those inside are found
 */
export function kindTypes(kind: KindSchema, name: string): { readonly type: Type; readonly provider: TypeProvider } {
  const root = rootShape(kind)
  const found = new Map<string, ReadonlyMap<string, Shape>>()
  const types = new Map<string, ReadonlyMap<string, Type>>()

  const typeOf = (shape: Shape, path: string): Type | undefined => {
    const { schema, items, values } = shape
    if (schema["x-kubernetes-int-or-string"] === true || schema.format === "int-or-string") return DYN
    switch (schema.type) {
      case "array": {
        const element = items && typeOf(items, `${path}.@idx`)
        return element && listType(element)
      }
      case "object": {
        if (values !== undefined) {
          const element = typeOf(values, `${path}.@elem`)
          return element && mapType(STRING, element)
        }
        found.set(path, shape.properties)
        return structType(path)
      }
      default:
        return scalarType(schema.type, schema.format)
    }
  }

  found.set(name, new Map([...root.properties, ["metadata", metadataShape(root)]]))
  const fieldsOf = (typeName: string): ReadonlyMap<string, Type> | undefined => {
    const known = types.get(typeName)
    if (known !== undefined) return known
    const shapes = found.get(typeName)
    if (shapes === undefined) return undefined
    const fields = new Map<string, Type>()
    if (typeName === name) for (const field of ["apiVersion", "kind"]) fields.set(field, STRING)
    for (const [property, shape] of shapes) {
      const escaped = escapeName(property)
      const type = escaped === undefined ? undefined : typeOf(shape, `${typeName}.${escaped}`)
      if (type !== undefined) fields.set(escaped!, type)
    }
    types.set(typeName, fields)
    return fields
  }
  return { type: structType(name), provider: { fieldsOf } }
}

const { DYN, STRING } = types

function scalarType(type: string | undefined, format: string | undefined): Type | undefined {
  switch (type) {
    case "string":
      return TEXT_TYPES.get(format ?? "") ?? STRING
    case "boolean":
      return types.BOOL
    case "number":
      return types.DOUBLE
    case "integer":
      return types.INT
    default:
      return undefined
  }
}

const TEXT_TYPES: ReadonlyMap<string, Type> = new Map([
  ["byte", types.BYTES],
  ["duration", types.DURATION],
  ["date", types.TIMESTAMP],
  ["date-time", types.TIMESTAMP],
])
