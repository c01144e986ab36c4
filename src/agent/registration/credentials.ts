import { formatYaml, parseYamlDocuments } from "#lib/yaml.ts"

/** How the hub is reached. Two that differ in server, authority or entry are two hubs. */
export type HubAddress = {
  /** As in the kubeconfig, verbatim. */
  readonly server: string
  /** PEM; absent means the system's authorities. */
  readonly ca?: string
  /** The name of the kubeconfig's cluster entry: OCM's agents join anew when it differs. */
  readonly clusterEntry: string
  /** URL of an HTTP proxy that leads to it. Two proxies to one hub do not make it two. */
  readonly proxyUrl?: string
}

/** What an agent needs to speak to its hub as itself. */
export type HubCredentials = {
  readonly clusterName: string
  readonly agentName: string
  readonly hub: HubAddress
  /** PEM, leaf first. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
  /** Of the ManagedCluster, once it has been seen: what another one of this name is told does not concern us. */
  readonly clusterUid?: string
  /**
   * Where the hub was when the cluster joined, if it has moved since and the agent went along: bootstrap credentials may
   * still name that place, and what works applied is marked with it.
   */
  readonly joinedAt?: HubAddress
  /** The hub said that the cluster is detached. Obeyed through restarts, until somebody joins it again. */
  readonly detached?: Detached
}

export type Detached = {
  readonly uid: string
  /** Whether what works applied goes or stays. */
  readonly workloads: "remove" | "keep"
}

/** Names of OCM's `hub-kubeconfig-secret` keys, and of the files in its `--hub-kubeconfig-dir`. */
const UPSTREAM_FILES = ["kubeconfig", "tls.crt", "tls.key", "cluster-name", "agent-name"] as const
/** Ours beside them; empty when there is nothing to say. */
const OWN_FILES = ["cluster-uid", "joined-at", "detached"] as const
export const CREDENTIAL_FILES = [...UPSTREAM_FILES, ...OWN_FILES] as const
export type CredentialFiles = Readonly<Record<(typeof CREDENTIAL_FILES)[number], string>>

/** As OCM's registration agent writes them: certificate and key stay files beside the kubeconfig. */
export function formatCredentials(credentials: HubCredentials): CredentialFiles {
  const { hub, clusterName, agentName, certificate, key, clusterUid = "", joinedAt, detached } = credentials
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: hub.clusterEntry,
        cluster: {
          server: hub.server,
          ...(hub.proxyUrl === undefined ? {} : { "proxy-url": hub.proxyUrl }),
          ...(hub.ca === undefined ? {} : { "certificate-authority-data": Buffer.from(hub.ca).toString("base64") }),
        },
      },
    ],
    contexts: [
      {
        name: "default-context",
        context: { cluster: hub.clusterEntry, user: "default-auth", namespace: "configuration" },
      },
    ],
    "current-context": "default-context",
    users: [{ name: "default-auth", user: { "client-certificate": "tls.crt", "client-key": "tls.key" } }],
  }
  return {
    kubeconfig: formatYaml(kubeconfig),
    "tls.crt": certificate,
    "tls.key": key,
    "cluster-name": clusterName,
    "agent-name": agentName,
    "cluster-uid": clusterUid,
    "joined-at": joinedAt === undefined ? "" : JSON.stringify(joinedAt),
    detached: detached === undefined ? "" : JSON.stringify(detached),
  }
}

type ClusterEntry = {
  name?: unknown
  cluster?: { server?: unknown; "proxy-url"?: unknown; "certificate-authority-data"?: unknown }
}

/** @returns undefined when something is missing or unreadable: there are no credentials then */
export function parseCredentials(files: Partial<CredentialFiles>): HubCredentials | undefined {
  const { kubeconfig, "tls.crt": certificate, "tls.key": key, "cluster-name": clusterName } = files
  const agentName = files["agent-name"]
  if (!kubeconfig || !certificate || !key || !clusterName || !agentName) return undefined
  try {
    const document = parseYamlDocuments(kubeconfig)[0] as { clusters?: readonly ClusterEntry[] } | undefined
    const entry = document?.clusters?.[0]
    const server = entry?.cluster?.server
    const ca = entry?.cluster?.["certificate-authority-data"]
    if (typeof server !== "string" || typeof entry?.name !== "string") return undefined
    const proxyUrl = entry?.cluster?.["proxy-url"]
    const hub = {
      server,
      ...(typeof proxyUrl === "string" && proxyUrl !== "" ? { proxyUrl } : {}),
      clusterEntry: entry.name,
      ...(typeof ca === "string" && ca !== "" ? { ca: Buffer.from(ca, "base64").toString() } : {}),
    }
    const clusterUid = files["cluster-uid"]
    return {
      clusterName: clusterName.trim(),
      agentName: agentName.trim(),
      hub,
      certificate,
      key,
      ...(clusterUid ? { clusterUid } : {}),
      ...(files["joined-at"] ? { joinedAt: JSON.parse(files["joined-at"]) as HubAddress } : {}),
      ...(files.detached ? { detached: JSON.parse(files.detached) as Detached } : {}),
    }
  } catch {
    return undefined
  }
}
