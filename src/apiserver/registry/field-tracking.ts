// Who set which field: metadata.managedFields. Not tracked yet: #apimachinery/managed-fields/ is still to come, and
// until then an apply merges without owners.
import type { UnknownObject } from "#apimachinery/meta.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import type { WriteRequest } from "./write-request.ts"

/** Books the fields of a new object under the request's manager. Changes `object`. */
export function trackCreate(_request: WriteRequest, _object: UnknownObject, _nowMs: number): void {}

/** Books what the request changed under its manager. Changes `after`. */
export function trackUpdate(
  _request: WriteRequest,
  _before: UnknownObject,
  _after: UnknownObject,
  _nowMs: number,
): void {}

/** Server-side apply: the new object. */
export function applyConfiguration(
  _request: WriteRequest,
  apply: {
    readonly live: UnknownObject | undefined
    readonly config: UnknownObject
    readonly force: boolean
    readonly nowMs: number
  },
): UnknownObject {
  return mergePatch(apply.live ?? {}, apply.config) as UnknownObject
}
