import { clone, deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { DEFAULT_RULES } from "#apiserver/builtin/defaults/rules.ts"
import { completeStruct, emptyField, zeroStruct } from "#apiserver/builtin/typed-form.ts"
import { validationOf } from "#apiserver/builtin/validation/registry.ts"
import type { Strategy, StrategyContext } from "#apiserver/resource.ts"
import type { KindStrategy } from "./kinds.ts"
import { traitsOf } from "./traits.ts"

type Described = {
  readonly group: string
  readonly resource: string
  /** Undefined for kinds without a schema. */
  readonly schemaName: string | undefined
  readonly statusSubresource: boolean
}

/** The strategy of a built-in kind: its traits, its defaults, and what is special about it. */
export function newStrategy(described: Described, kind: KindStrategy): Strategy {
  const traits = traitsOf(`${described.group}/${described.resource}`)
  const { schemaName, statusSubresource } = described
  const { keepsStatusOnCreate, prepareForCreate, prepareForUpdate, ...rest } = kind
  return {
    ...validationOf(described.group, described.resource),
    ...rest,
    ...(schemaName === undefined ? {} : { setDefaults: (object) => completeStruct(object, schemaName, DEFAULT_RULES) }),
    ...(schemaName === undefined ? {} : { emptyObject: () => zeroStruct(schemaName) }),
    prepareForCreate(object: UnknownObject, context: StrategyContext) {
      if (statusSubresource && keepsStatusOnCreate !== true && schemaName !== undefined) {
        const status = emptyField(schemaName, "status")
        if (status === undefined) delete object["status"]
        else object["status"] = status
      }
      if (traits.generationFields !== undefined) object.metadata.generation = 1
      prepareForCreate?.(object, context)
    },
    prepareForUpdate(object: UnknownObject, before: UnknownObject, context: StrategyContext) {
      prepareForUpdate?.(object, before, context)
      if (traits.generationFields?.some((field) => !deepEqual(object[field], before[field]))) {
        object.metadata.generation = (before.metadata.generation ?? 0) + 1
      }
    },
    generation: traits.generation,
    statusSubresource,
    allowCreateOnUpdate: traits.allowCreateOnUpdate,
    allowUnconditionalUpdate: traits.allowUnconditionalUpdate,
    deleteReturnsObject: traits.deleteReturnsObject,
    ...(traits.orphansByDefault ? { orphansByDefault: true } : {}),
    ...(traits.volatile ? { volatile: true } : {}),
  }
}

/** Takes everything but the metadata from `before`, except the fields in `keep`. Changes `object`. */
export function restoreExcept(object: UnknownObject, before: UnknownObject, keep: readonly string[]): void {
  for (const field of Object.keys(object)) {
    if (!(field in before) && !keep.includes(field)) delete object[field]
  }
  for (const field of Object.keys(before)) {
    if (field !== "metadata" && !keep.includes(field)) object[field] = clone(before[field])
  }
}
