// The objects that a binding gives to its policy as parameters. Source: k8s.io/apiserver
// admission/plugin/policy/generic/policy_dispatcher.go, CollectParams.
import { apiVersionOf, parseApiVersion } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { toServed } from "#apiserver/registry/conversion.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import type { ParamKind, ParamRef } from "./policy.ts"

/** Says so when the policy or a binding of it cannot be used as it is. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError"
}

/** @throws ConfigurationError */
export function paramInfoOf(resources: ResourceTable, { apiVersion, kind }: ParamKind): ResourceInfo {
  const { group, version } = parseApiVersion(apiVersion)
  const info = resources.findKind(group, version, kind)
  if (info !== undefined) return info
  const described = `${group}/${version}, Kind=${kind}`
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${described}'`)
}

/**
 * @param info  the resource of the parameters; undefined for a policy without
 * @param namespace  of the request, "" for none
 * @returns for each evaluation its parameter; a single undefined one for a policy or a binding without
 * @throws ConfigurationError
 */
export async function collectParams(
  reader: ObjectReader,
  info: ResourceInfo | undefined,
  ref: ParamRef | undefined,
  namespace: string,
): Promise<readonly (UnknownObject | undefined)[]> {
  if (info === undefined || ref === undefined) return [undefined]
  const within = paramNamespace(info, ref, namespace)
  const found = findParams(reader, info, ref, within)
  if (found.length === 0 && ref.parameterNotFoundAction === "Deny") {
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
  }
  return Promise.all(found.map((object) => inOwnVersion(info, object)))
}

function paramNamespace(info: ResourceInfo, ref: ParamRef, namespace: string): string {
  const named = ref.namespace ?? ""
  if (!info.namespaced) {
    if (named === "") return ""
    throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
  }
  if (named !== "") return named
  if (namespace !== "") return namespace
  throw new ConfigurationError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
}

function findParams(
  reader: ObjectReader,
  info: ResourceInfo,
  { name = "", selector }: ParamRef,
  namespace: string,
): readonly UnknownObject[] {
  if (name !== "") {
    const found = reader.get(info.storage, namespace, name)
    return found === undefined ? [] : [found]
  }
  const selected = labelSelectorOf(selector)
  const all = info.namespaced ? reader.list(info.storage, namespace) : reader.list(info.storage)
  return all.filter(({ metadata }) => selected.matches(metadata.labels))
}

async function inOwnVersion(info: ResourceInfo, stored: UnknownObject): Promise<UnknownObject> {
  if (info.remote === undefined) return toServed(info, stored)
  const [converted] = await info.remote.convert([stored], apiVersionOf(info))
  return converted!
}
