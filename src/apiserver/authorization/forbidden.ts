import { newStatusError } from "#apimachinery/status-error.ts"
import type { StatusError } from "#apimachinery/status-error.ts"
import type { AuthorizationAttributes } from "#apiserver/request.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

/**
 * The 403 of a request that the authorizer refused:
 * `pods "x" is forbidden: User "u" cannot get resource "pods" in API group "" in the namespace "n"`.
 */
export function forbiddenError(user: UserInfo, attributes: AuthorizationAttributes, reason = ""): StatusError {
  const because = reason === "" ? "" : `: ${reason}`
  const who = `User ${quote(user.name)} cannot ${attributes.verb}`
  if (!attributes.resourceRequest) {
    return newStatusError("Forbidden", `forbidden: ${who} path ${quote(attributes.path)}${because}`, {})
  }
  const { group, resource, subresource, namespace, name } = attributes
  const qualified = group === "" ? resource : `${resource}.${group}`
  const target = quote(subresource === "" ? resource : `${resource}/${subresource}`)
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${quote(namespace)}`
  const subject = name === "" ? qualified : `${qualified} "${name}"`
  return newStatusError(
    "Forbidden",
    `${subject} is forbidden: ${who} resource ${target} in API group ${quote(group)} ${where}${because}`,
    { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource },
  )
}

/** Go's `%q`, with the characters that a browser could take for markup escaped as upstream does. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/[&<>]/g, (character) => ESCAPED[character] ?? character)
}

const ESCAPED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }
