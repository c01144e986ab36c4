import { badRequest } from "#apimachinery/status-error.ts"
import type { Authorizer } from "#apiserver/request.ts"
import { parseServiceAccountUser, serviceAccountGroups } from "#apiserver/authentication/service-account.ts"
import { ANONYMOUS, GROUP_UNAUTHENTICATED, withAuthenticatedGroup } from "#apiserver/authentication/user.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import { forbiddenError } from "./forbidden.ts"

const EXTRA_PREFIX = "impersonate-extra-"

/** One thing that the sender wants to be, as the authorizer is asked about it. */
type Claim = {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

/**
 * Whom a request wants to be taken for.
 *
 * @param headers  names in lower case; several values of one name joined with ", ", as the listener does
 * @param valuesOf  the values of one name that is there; one of them may hold a comma
 * @returns undefined when the request asks for nothing of the kind
 * @throws StatusError BadRequest for groups without a user; Forbidden when `user` may not
 */
export function resolveImpersonation(
  headers: Readonly<Record<string, string>>,
  user: UserInfo,
  authorizer: Authorizer,
  valuesOf: (name: string) => readonly string[] = (name) => headers[name]?.split(", ") ?? [],
): UserInfo | undefined {
  const wanted = readHeaders(headers, valuesOf)
  const { name, uid, groups, extra } = wanted
  if (name === "") {
    if (groups.length === 0 && extra.size === 0 && uid === "") return undefined
    throw badRequest(`requested ${describeWanted(wanted)} without impersonating a user`)
  }
  const account = parseServiceAccountUser(name)
  for (const claim of claimsOf(wanted, account)) {
    const attributes = { resourceRequest: true, verb: "impersonate", ...claim } as const
    const { allowed, reason } = authorizer.authorize(user, attributes)
    if (!allowed) throw forbiddenError(user, attributes, reason)
  }
  return {
    name,
    ...(uid === "" ? {} : { uid }),
    groups: settledGroups(
      name,
      groups.length > 0 || account === undefined ? groups : serviceAccountGroups(account.namespace),
    ),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  }
}

type Wanted = {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: ReadonlyMap<string, readonly string[]>
}

function readHeaders(headers: Readonly<Record<string, string>>, valuesOf: (name: string) => readonly string[]): Wanted {
  const extra = new Map<string, readonly string[]>()
  for (const header of Object.keys(headers)) {
    if (header.startsWith(EXTRA_PREFIX)) extra.set(unescapeKey(header.slice(EXTRA_PREFIX.length)), valuesOf(header))
  }
  return {
    name: headers["impersonate-user"] ?? "",
    uid: headers["impersonate-uid"] ?? "",
    groups: headers["impersonate-group"] === undefined ? [] : valuesOf("impersonate-group"),
    extra,
  }
}

/** Go's `%v` of the ObjectReferences that upstream makes of the headers: kind, namespace, name, uid, version, …, path. */
function describeWanted({ groups, uid, extra }: Wanted): string {
  const version = "authentication.k8s.io/v1"
  const references = [
    ...groups.map((group) => `{Group  ${group}    }`),
    ...[...extra].flatMap(([key, values]) => values.map((value) => `{UserExtra  ${value}  ${version}  ${key}}`)),
    ...(uid === "" ? [] : [`{UID  ${uid}  ${version}  }`]),
  ]
  return `[${references.join(" ")}]`
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

function* claimsOf(wanted: Wanted, account: { namespace: string; name: string } | undefined): Generator<Claim> {
  const core = { group: "", version: "v1", subresource: "", namespace: "" }
  const authentication = { ...core, group: "authentication.k8s.io" }
  if (account !== undefined) yield { ...core, resource: "serviceaccounts", ...account }
  else yield { ...core, resource: "users", name: wanted.name }
  for (const name of wanted.groups) yield { ...core, resource: "groups", name }
  for (const [subresource, values] of wanted.extra) {
    for (const name of values) yield { ...authentication, resource: "userextras", subresource, name }
  }
  if (wanted.uid !== "") yield { ...authentication, resource: "uids", name: wanted.uid }
}

function settledGroups(name: string, groups: readonly string[]): readonly string[] {
  if (name !== ANONYMOUS.name) return withAuthenticatedGroup({ name, groups }).groups
  return groups.includes(GROUP_UNAUTHENTICATED) ? groups : [...groups, GROUP_UNAUTHENTICATED]
}
