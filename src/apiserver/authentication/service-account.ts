/** Names that service accounts have as users. Source: k8s.io/apiserver authentication/serviceaccount. */

const USER_PREFIX = "system:serviceaccount:"
export const GROUP_SERVICE_ACCOUNTS = "system:serviceaccounts"

export function serviceAccountUser(namespace: string, name: string): string {
  return `${USER_PREFIX}${namespace}:${name}`
}

export function serviceAccountGroups(namespace: string): string[] {
  return [GROUP_SERVICE_ACCOUNTS, `${GROUP_SERVICE_ACCOUNTS}:${namespace}`]
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** The inverse of {@link serviceAccountUser}; undefined for other users. */
export function parseServiceAccountUser(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(USER_PREFIX)) return undefined
  const [namespace = "", name = "", ...rest] = user.slice(USER_PREFIX.length).split(":")
  if (rest.length > 0 || !NAMESPACE.test(namespace) || !NAME.test(name)) return undefined
  return { namespace, name }
}
