import { timingSafeEqual } from "node:crypto"
import { parseTimeMs } from "#lib/clock.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { TokenAuthenticator } from "./token.ts"

const SECRETS = { group: "", resource: "secrets" }
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const GROUP_BOOTSTRAPPERS = "system:bootstrappers"

/**
 * Tokens with which a cluster introduces itself: `id.secret`, kept in the Secret kube-system/bootstrap-token-ID.
 * Source: KEP-130, k8s.io/cluster-bootstrap.
 */
export function newBootstrapTokenAuthenticator(reader: ObjectReader): TokenAuthenticator {
  return (token, { nowMs, audiences }) => {
    const [, id, secret] = TOKEN.exec(token) ?? []
    if (id === undefined || secret === undefined) return undefined
    const object = reader.get(SECRETS, "kube-system", `bootstrap-token-${id}`)
    if (object === undefined || object["type"] !== "bootstrap.kubernetes.io/token") return undefined
    const value = (key: string) => decode((object["data"] as Record<string, unknown> | undefined)?.[key])
    if (object.metadata.deletionTimestamp !== undefined)
      throw new Error("Cannot accept bootstrap token: it is being deleted")
    if (!isSameText(value("token-secret"), secret) || value("token-id") !== id) {
      throw new Error("Cannot accept bootstrap token: its secret is wrong")
    }
    if (hasExpired(value("expiration"), nowMs)) throw new Error("Cannot accept bootstrap token: it has expired")
    if (value("usage-bootstrap-authentication") !== "true") {
      throw new Error("Cannot accept bootstrap token: it is not for authentication")
    }
    const groups = [GROUP_BOOTSTRAPPERS, ...extraGroups(value("auth-extra-groups"))]
    return { user: { name: `system:bootstrap:${id}`, groups: [...new Set(groups)].sort() }, audiences }
  }
}

const decode = (base64: unknown): string =>
  typeof base64 === "string" ? Buffer.from(base64, "base64").toString("utf8") : ""

/** Takes as long for a wrong secret as for the right one. */
function isSameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** What is no time counts as past: a token with a broken expiry must not last for ever. */
function hasExpired(expiration: string, nowMs: number): boolean {
  if (expiration === "") return false
  const expiresAtMs = RFC3339.test(expiration) ? parseTimeMs(expiration) : undefined
  return expiresAtMs === undefined || nowMs >= expiresAtMs
}

function extraGroups(text: string): string[] {
  if (text === "") return []
  const groups = text.split(",")
  const bad = groups.find((group) => !EXTRA_GROUP.test(group))
  if (bad !== undefined)
    throw new Error(`Cannot accept bootstrap token: group "${bad}" does not begin with ${GROUP_BOOTSTRAPPERS}:`)
  return groups
}
