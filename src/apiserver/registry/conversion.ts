import { apiVersionOf } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

/** Whether stored bytes are answers in this version but for their head. */
export function isStoredForm(info: ResourceInfo): boolean {
  return info.convert === undefined && (info.remote === undefined || info.version === info.storage.version)
}

/** A stored object in the version of the request. Shares what does not differ. */
export function toServed(info: ResourceInfo, stored: UnknownObject): UnknownObject {
  if (info.convert !== undefined) return info.convert.fromStored(stored)
  const apiVersion = apiVersionOf(info)
  return stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion }
}

/** An object of the request's version as it is stored. Shares what does not differ. */
export function toStored(info: ResourceInfo, served: UnknownObject): UnknownObject {
  if (info.convert !== undefined) return info.convert.toStored(served)
  const apiVersion = apiVersionOf({ group: info.storage.group, version: info.storage.version })
  return served.apiVersion === apiVersion ? served : { ...served, apiVersion }
}
