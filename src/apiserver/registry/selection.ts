import { badRequest } from "#apimachinery/status-error.ts"
import { parseFieldSelector, parseLabelSelector } from "#apimachinery/selectors.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { StoredValue } from "#apiserver/storage/storage.ts"
import { decodeMetadata, keyPrefix, labelsOf, peekStored, storageKey } from "./codec.ts"

/** Which objects of a collection a list, a watch or a deletecollection is about. */
export type Selection = {
  readonly prefix: string
  /** The one key that can match: the selector names the object. */
  readonly key?: string
  /** Nothing is left out. */
  readonly everything: boolean
  readonly matches: (stored: StoredValue) => boolean
}

/**
 * @param namespace  "" for all
 * @param name  when the path names the object (deprecated watch paths)
 * @throws StatusError BadRequest for a selector that cannot be read or names an unknown field
 */
export function newSelection(
  info: ResourceInfo,
  selector: { readonly namespace: string; readonly name?: string; readonly labels: string; readonly fields: string },
): Selection {
  const tests: ((stored: StoredValue) => boolean)[] = []
  let { namespace, name } = selector
  if (selector.labels !== "") {
    const labels = parseLabelSelector(selector.labels)
    tests.push((stored) => labels.matches(labelsOf(stored)))
  }
  for (const { field, operator, value } of selector.fields === ""
    ? []
    : parseFieldSelector(selector.fields).requirements) {
    checkField(info, field)
    const wanted = operator !== "!="
    if (field === "metadata.name" && wanted && name === undefined) name = value
    // A namespace that the path does not name already narrows the search to its keys.
    else if (field === "metadata.namespace" && wanted && namespace === "" && info.namespaced) namespace = value
    else tests.push((stored) => (fieldOf(info, stored, field) === value) === wanted)
  }
  const prefix = keyPrefix(info, selector.namespace)
  const matches = (stored: StoredValue) => tests.every((test) => test(stored))
  if (name !== undefined && name !== "" && (namespace !== "" || !info.namespaced)) {
    return { prefix, key: storageKey(info, namespace, name), everything: false, matches }
  }
  const wantedName = name
  if (wantedName !== undefined) tests.push((stored) => fieldOf(info, stored, "metadata.name") === wantedName)
  if (namespace !== selector.namespace) tests.push((stored) => stored.key.startsWith(keyPrefix(info, namespace)))
  return { prefix, everything: tests.length === 0, matches }
}

function fieldOf(info: ResourceInfo, stored: StoredValue, field: string): string {
  if (field === "metadata.name") return decodeMetadata(stored).name ?? ""
  if (field === "metadata.namespace") return decodeMetadata(stored).namespace ?? ""
  return info.selectableFields.get(field)?.(peekStored(stored)) ?? ""
}

function checkField(info: ResourceInfo, field: string): void {
  if (field === "metadata.name" || field === "metadata.namespace" || info.selectableFields.has(field)) return
  if (info.custom || info.selectableFields.size > 0) throw badRequest(`field label not supported: ${field}`)
  throw badRequest(`${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`)
}
