import { dirname, isAbsolute, join } from "node:path"
import type { Clock } from "#lib/clock.ts"
import { formatYaml, parseYamlDocuments } from "#lib/yaml.ts"
import type { ClosableTransport, Http2TransportOptions } from "./http2-transport.ts"
import { newHttp2Transport } from "./http2-transport.ts"
import { checkProxyUrl, proxyFromEnvironment, type Environment } from "./proxy.ts"

/** One cluster and one user: what a kubeconfig's current context comes to. Certificates and keys are PEM. */
export type Kubeconfig = {
  readonly server: string
  readonly ca?: string
  readonly serverName?: string
  readonly insecure?: boolean
  /** URL of an HTTP proxy that leads to the server. */
  readonly proxyUrl?: string
  readonly cert?: string
  readonly key?: string
  readonly token?: string
  /** The context's; `default` is meant where it is absent. */
  readonly namespace?: string
  /** Who to act as. */
  readonly impersonate?: { readonly user: string; readonly groups: readonly string[] }
  readonly contextName: string
  readonly clusterName: string
  readonly userName: string
}

export type ReadFile = (path: string) => Promise<string>

type Named<K extends string, V> = { readonly name: string } & { readonly [key in K]?: V }
type ClusterEntry = {
  readonly server?: string
  readonly "certificate-authority"?: string
  readonly "certificate-authority-data"?: string
  readonly "tls-server-name"?: string
  readonly "insecure-skip-tls-verify"?: boolean
  readonly "proxy-url"?: string
}
type UserEntry = {
  readonly "client-certificate"?: string
  readonly "client-certificate-data"?: string
  readonly "client-key"?: string
  readonly "client-key-data"?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly exec?: { readonly command?: string }
  readonly "auth-provider"?: { readonly name?: string }
  readonly as?: string
  readonly "as-groups"?: readonly string[]
}
type ContextEntry = { readonly cluster?: string; readonly user?: string; readonly namespace?: string }
type Document = {
  readonly "current-context"?: string
  readonly clusters?: readonly Named<"cluster", ClusterEntry>[]
  readonly users?: readonly Named<"user", UserEntry>[]
  readonly contexts?: readonly Named<"context", ContextEntry>[]
}

/** Reads a kubeconfig and the files that it names, relative to its own place. @throws Error naming what is wrong */
export async function loadKubeconfig(path: string, readFile: ReadFile, context?: string): Promise<Kubeconfig> {
  let text: string
  try {
    text = await readFile(path)
  } catch (cause) {
    throw new Error(`Cannot read kubeconfig ${path}`, { cause })
  }
  return parseKubeconfig(text, {
    readFile: (name) => readFile(isAbsolute(name) ? name : join(dirname(path), name)),
    ...(context === undefined ? {} : { context }),
    source: path,
  })
}

/**
 * @param options.readFile  for certificates, keys and tokens that are named and not written out; without it those are an error
 * @param options.context  instead of the current one
 * @param options.source  where the text comes from, for messages
 * @throws Error naming what is missing, or what is not supported (exec plugins, auth providers, passwords, proxies other than HTTP)
 */
export async function parseKubeconfig(
  text: string,
  options: { readonly readFile?: ReadFile; readonly context?: string; readonly source?: string } = {},
): Promise<Kubeconfig> {
  const fail = (what: string): never => {
    throw new Error(`Cannot use kubeconfig${options.source === undefined ? "" : ` ${options.source}`}: ${what}`)
  }
  const document = (parseYamlDocuments(text)[0] ?? fail("it is empty")) as Document
  const contextName = options.context ?? (document["current-context"] || fail("it has no current-context"))
  const context =
    document.contexts?.find(({ name }) => name === contextName)?.context ?? fail(`it has no context "${contextName}"`)
  const clusterName = context.cluster ?? fail(`context "${contextName}" names no cluster`)
  const cluster =
    document.clusters?.find(({ name }) => name === clusterName)?.cluster ?? fail(`it has no cluster "${clusterName}"`)
  const userName = context.user ?? ""
  const user =
    userName === ""
      ? {}
      : (document.users?.find(({ name }) => name === userName)?.user ?? fail(`it has no user "${userName}"`))
  const proxyUrl = cluster["proxy-url"] && checkProxyUrl(cluster["proxy-url"], `cluster "${clusterName}"`)
  refuseUnsupported(userName, user, fail)

  const pem = async (data: string | undefined, file: string | undefined) => {
    if (data !== undefined && data !== "") return Buffer.from(data, "base64").toString("utf8")
    if (file === undefined || file === "") return undefined
    if (options.readFile === undefined) return fail(`it names the file ${file}, and no files are read here`)
    return options.readFile(file).catch((cause: unknown) => {
      throw new Error(`Cannot read ${file}, which kubeconfig ${options.source ?? ""} names`, { cause })
    })
  }
  const ca = await pem(cluster["certificate-authority-data"], cluster["certificate-authority"])
  const cert = await pem(user["client-certificate-data"], user["client-certificate"])
  const key = await pem(user["client-key-data"], user["client-key"])
  if ((cert === undefined) !== (key === undefined)) fail(`user "${userName}" has only one of certificate and key`)
  const token = user.token || (await pem(undefined, user.tokenFile))?.trim()
  return {
    server: cluster.server || fail(`cluster "${clusterName}" has no server`),
    ...(ca === undefined ? {} : { ca }),
    ...(cluster["tls-server-name"] === undefined ? {} : { serverName: cluster["tls-server-name"] }),
    ...(cluster["insecure-skip-tls-verify"] ? { insecure: true } : {}),
    ...(proxyUrl ? { proxyUrl } : {}),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(token === undefined || token === "" ? {} : { token }),
    ...(context.namespace === undefined ? {} : { namespace: context.namespace }),
    ...(user.as === undefined ? {} : { impersonate: { user: user.as, groups: user["as-groups"] ?? [] } }),
    contextName,
    clusterName,
    userName,
  }
}

function refuseUnsupported(name: string, user: UserEntry, fail: (what: string) => never): void {
  if (user.exec !== undefined) {
    fail(
      `user "${name}" gets its credentials from the program "${user.exec.command}", which is not supported; put a token or a client certificate there`,
    )
  }
  if (user["auth-provider"] !== undefined) {
    fail(`user "${name}" has the auth-provider "${user["auth-provider"].name}", which is not supported`)
  }
  if (user.username !== undefined) fail(`user "${name}" has a password, which Kubernetes does not take any more`)
}

export type KubeconfigParts = Pick<
  Kubeconfig,
  "server" | "ca" | "serverName" | "insecure" | "proxyUrl" | "cert" | "key" | "token" | "namespace"
> & {
  /** Of cluster and context. Default `hawser`. */
  readonly name?: string
  /** Default `admin`. */
  readonly user?: string
  /** Names beside the kubeconfig for what is rotated, instead of the contents. OCM's agents keep them so. */
  readonly files?: { readonly cert: string; readonly key: string }
}

/** A kubeconfig with everything written out in it; the same parts give the same text. */
export function kubeconfigText(parts: KubeconfigParts): string {
  const name = parts.name ?? "hawser"
  const user = parts.user ?? "admin"
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const cluster: ClusterEntry = {
    ...(parts.ca === undefined ? {} : { "certificate-authority-data": base64(parts.ca) }),
    ...(parts.insecure ? { "insecure-skip-tls-verify": true } : {}),
    server: parts.server,
    ...(parts.proxyUrl === undefined ? {} : { "proxy-url": parts.proxyUrl }),
    ...(parts.serverName === undefined ? {} : { "tls-server-name": parts.serverName }),
  }
  const credentials: UserEntry = {
    ...(parts.cert === undefined ? {} : { "client-certificate-data": base64(parts.cert) }),
    ...(parts.key === undefined ? {} : { "client-key-data": base64(parts.key) }),
    ...(parts.files === undefined ? {} : { "client-certificate": parts.files.cert, "client-key": parts.files.key }),
    ...(parts.token === undefined ? {} : { token: parts.token }),
  }
  const context: ContextEntry = {
    cluster: name,
    ...(parts.namespace === undefined ? {} : { namespace: parts.namespace }),
    user,
  }
  return formatYaml({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    contexts: [{ name, context }],
    "current-context": name,
    users: [{ name: user, user: credentials }],
  })
}

/**
 * The transport that a kubeconfig describes, impersonation included, with further options of newHttp2Transport.
 *
 * @param options.env  where a proxy may be named, if the kubeconfig names none
 */
export function transportOf(
  kubeconfig: Kubeconfig,
  {
    env = {},
    ...options
  }: { readonly clock: Clock; readonly env?: Environment } & Partial<Omit<Http2TransportOptions, "server" | "ca">>,
): ClosableTransport {
  const { server, ca, serverName, insecure, cert, key, token, impersonate } = kubeconfig
  const proxy = kubeconfig.proxyUrl ?? proxyFromEnvironment(server, env)
  return newHttp2Transport({
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(impersonate === undefined ? {} : { headers: impersonationHeaders(impersonate) }),
    ...options,
  })
}

function impersonationHeaders({ user, groups }: { user: string; groups: readonly string[] }) {
  return { "impersonate-user": user, ...(groups.length === 0 ? {} : { "impersonate-group": groups }) }
}
