import { formatTime } from "#lib/clock.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindStrategy } from "#apiserver/builtin/strategies/kinds.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { definitionStatus, mergeConditions } from "./accepted-names.ts"
import { asDefinition, DEFINITIONS } from "./definition.ts"
import type { CustomResourceDefinition } from "./definition.ts"
import { validateDefinition, validateDefinitionUpdate } from "./definition-validation.ts"

/** Whoever takes it away has deleted all objects of the definition. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"

/**
 * Definitions of custom resources: their names are accepted, and they are established, by the write itself. One that is
 * deleted waits with a finalizer until a controller has deleted its objects.
 *
 * @param reader  where other definitions are looked up
 */
export function newDefinitionStrategy(reader: (() => ObjectReader) | undefined): KindStrategy {
  const others = () => (reader?.().list(DEFINITIONS) ?? []).map(asDefinition)
  const setStatus = (object: UnknownObject, before: CustomResourceDefinition["status"], nowMs: number) => {
    const definition = withParts(object)
    if (definition === undefined) return
    object["status"] = definitionStatus(definition, before ?? {}, others(), nowMs)
  }
  return {
    prepareForCreate(object, { nowMs }) {
      delete object["status"]
      setStatus(object, undefined, nowMs)
    },
    prepareForUpdate(object, before, { subresource, nowMs }) {
      if (subresource !== "status") setStatus(object, asDefinition(before).status, nowMs)
    },
    prepareForDelete(object, { nowMs }) {
      const { finalizers = [] } = object.metadata
      if (!finalizers.includes(CLEANUP_FINALIZER)) object.metadata.finalizers = [...finalizers, CLEANUP_FINALIZER]
      const status = asDefinition(object).status ?? {}
      const terminating = {
        type: "Terminating",
        status: "True",
        reason: "InstanceDeletionPending",
        message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
      } as const
      object["status"] = {
        ...status,
        conditions: mergeConditions(status.conditions ?? [], [terminating], formatTime(nowMs)),
      }
    },
    // The first deletion never ends at once: it leaves the finalizer behind, and with it the time to clean up.
    holdsDeletion: (object) => object.metadata.deletionTimestamp === undefined,
    validate: (object) => validateDefinition(complete(object)),
    validateUpdate: (object, before) => validateDefinitionUpdate(complete(object), complete(before)),
  }
}

/** What validation may look into, also of a definition that lacks it. */
function complete(object: UnknownObject): CustomResourceDefinition {
  const spec = { names: {}, versions: [], ...(object["spec"] as object | undefined) }
  return {
    ...object,
    spec: { ...spec, versions: spec.versions ?? [], names: spec.names ?? {} },
  } as unknown as CustomResourceDefinition
}

/** A definition that has names and versions; validation will refuse one that hasn't. */
function withParts(object: UnknownObject): CustomResourceDefinition | undefined {
  const spec = object["spec"] as { names?: unknown; versions?: unknown } | undefined
  return spec?.names && Array.isArray(spec.versions) ? (object as CustomResourceDefinition) : undefined
}
