import { apiVersionOf } from "#apimachinery/gvk.ts"
import { clone } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { setSchemaDefaults } from "#apimachinery/schema/defaults.ts"
import { prune } from "#apimachinery/schema/prune.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

type Version = { readonly group: string; readonly version: string; readonly schema: KindSchema | undefined }

/** Makes of an object what the schema of a version knows. Changes it. */
export function bring(object: UnknownObject, { schema, ...version }: Version): void {
  object.apiVersion = apiVersionOf(version)
  if (schema === undefined) return
  prune(object, schema)
  setSchemaDefaults(object, schema)
}

/**
 * How the objects of a definition are read whose schema was another one when they were written: in an older state of the
 * definition, or in another version. Fields that the schema does not know are left out, and defaults are filled in.
 */
export function readBySchema(served: Version, stored: Version): NonNullable<ResourceInfo["convert"]> {
  return {
    fromStored(object) {
      const copy = clone(object)
      bring(copy, stored)
      if (served.version !== stored.version) bring(copy, served)
      return copy
    },
    toStored: (object) => ({ ...object, apiVersion: apiVersionOf(stored) }),
  }
}
