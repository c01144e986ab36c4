// Where the hub says it is reached, and which authorities prove it: a ConfigMap that agents may read, so that a hub can
// move, or change its authority, without anybody touching the members. Laid out as `kube-root-ca.crt` is.
import type { ConfigMap } from "#api/kubernetes/core.ts"
import { certificateChainOf } from "#lib/x509/certificate.ts"

export const HUB_ENDPOINT = { namespace: "open-cluster-management-hub", name: "hub-endpoint" }
/** The Role by which agents read it, and the RoleBinding beside it. */
export const HUB_ENDPOINT_ROLE = "hawser:hub-endpoint"

export type HubEndpoint = {
  /** `https://HOST[:PORT][/PATH]` */
  readonly server: string
  /** PEM of every authority that the server's certificate may come from; absent means those of the system. */
  readonly ca?: string
  /**
   * Where it was before, newest first. Agents that are at one of these move; who reaches the hub by a way of its own, which
   * was never published, keeps it.
   */
  readonly former?: readonly string[]
}

/** More than any rotation needs at once. */
export const AUTHORITIES_MAX = 16
const CA_BYTES_MAX = 64 * 1024
/** Agents that slept through more moves than these need another bootstrap file. */
const FORMER_MAX = 8

/** The hub at another address, or with other authorities. */
export function movedEndpoint(before: HubEndpoint | undefined, to: Pick<HubEndpoint, "server" | "ca">): HubEndpoint {
  const known = before === undefined ? [] : [before.server, ...(before.former ?? [])]
  const former = [...new Set(known)].filter((server) => server !== to.server).slice(0, FORMER_MAX)
  return { ...to, ...(former.length === 0 ? {} : { former }) }
}

export function hubEndpoint({ server, ca, former = [] }: HubEndpoint): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...HUB_ENDPOINT },
    data: {
      server,
      ...(ca === undefined ? {} : { "ca.crt": ca }),
      ...(former.length === 0 ? {} : { formerServers: former.join("\n") }),
    },
  }
}

/** @throws Error that says what cannot be used */
export function parseHubEndpoint({ data = {} }: ConfigMap): HubEndpoint {
  const { server = "", "ca.crt": ca = "", formerServers = "" } = data
  if (!URL.canParse(server) || new URL(server).protocol !== "https:") {
    throw new Error(`Cannot use server "${server.slice(0, 200)}": want a URL that begins with https://`)
  }
  const former = formerServers.split("\n").filter(Boolean).slice(0, FORMER_MAX)
  const at = { server, ...(former.length === 0 ? {} : { former }) }
  if (ca === "") return at
  const authorities = ca.length > CA_BYTES_MAX ? [] : certificateChainOf(ca)
  if (authorities.length === 0 || authorities.length > AUTHORITIES_MAX) {
    throw new Error(`Cannot use ca.crt: want 1 to ${AUTHORITIES_MAX} certificates in at most ${CA_BYTES_MAX} bytes`)
  }
  return { ...at, ca }
}
