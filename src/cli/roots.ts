import type { Terminal } from "./terminal.ts"

/** Where a server listens and what its certificate is good for. */
export type ServingOptions = {
  /** Default 127.0.0.1: nobody else can reach it. */
  readonly bindAddress: string
  /** The host that kubeconfigs and join lines name; the bind address when absent. */
  readonly advertiseAddress?: string
  /** A free one when absent; the same again after a restart. */
  readonly port?: number
  /** Further names and addresses in the serving certificate. */
  readonly tlsSan: readonly string[]
  /** A file that says how stored values are encrypted; they are not when absent. */
  readonly encryptionProviderConfig?: string
}

/** How the API server of a hub keeps records. Paths are as they were typed. */
export type AuditFlags = {
  /** File with a policy of audit.k8s.io/v1; without one nothing is recorded. */
  readonly auditPolicy?: string
  /** Default: audit.log in the server's folder. */
  readonly auditLog?: string
  readonly auditLogMaxMegabytes: number
  readonly auditLogMaxBackups: number
  /** 0: for ever. */
  readonly auditLogMaxDays: number
}

/** Who counts besides the server's own certificates and tokens. Paths are as they were typed; names are kube-apiserver's. */
export type AuthenticationFlags = {
  /** File with an AuthenticationConfiguration; instead of the other flags of OIDC. */
  readonly authenticationConfig?: string
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcUsernameClaim: string
  /** Absent: the issuer's URL and `#`, but for e-mail addresses. `-`: none. */
  readonly oidcUsernamePrefix?: string
  readonly oidcGroupsClaim?: string
  readonly oidcGroupsPrefix: string
  readonly oidcCaFile?: string
  readonly oidcSigningAlgs: readonly string[]
  /** `claim=value` */
  readonly oidcRequiredClaim: readonly string[]
  readonly requestheaderClientCaFile?: string
  readonly requestheaderAllowedNames: readonly string[]
  /** Names between commas, as the following. */
  readonly requestheaderUsernameHeaders: string
  readonly requestheaderUidHeaders: string
  readonly requestheaderGroupHeaders: string
  readonly requestheaderExtraHeadersPrefix: string
}

/** What the API server of a hub is told. */
export type ServerFlags = ServingOptions & AuditFlags & AuthenticationFlags

export type UpOptions = ServerFlags & {
  /** Absent: as many as there were, or 3. */
  readonly clusters?: number
  readonly dir: string
  readonly sample: boolean
  readonly detach: boolean
  /** Fake nodes in every member. */
  readonly nodes: number
  /** How long --detach and the start wait for all members to join. */
  readonly timeoutSeconds: number
  readonly quiet: boolean
}

export type ApiserverOptions = ServerFlags & { readonly dir: string; readonly quiet: boolean }

export type HubOptions = {
  /** Absent: the cluster that this is a pod of. */
  readonly kubeconfig?: string
  readonly context?: string
  readonly featureGates: Readonly<Record<string, boolean>>
  /** Users whose first CSR is approved by itself. */
  readonly autoApproveUsers: readonly string[]
  readonly leaderElect: boolean
  /** Where health and metrics are served: `HOST:PORT`, `0` for nowhere. */
  readonly metricsBindAddress?: string
}

export type AgentOptions = {
  readonly clusterName: string
  /** One for each hub, in the order of preference. */
  readonly bootstrapKubeconfigs: readonly string[]
  readonly hubTimeoutSeconds: number
  /** Absent: the cluster that this is a pod of. */
  readonly spokeKubeconfig?: string
  readonly dir: string
  /** `NAMESPACE/NAME` of the Secret that holds the credentials for the hub, instead of the folder. */
  readonly hubKubeconfigSecret?: string
  /** That Secret is in the cluster that this is a pod of, and not in the one to manage. */
  readonly hosted: boolean
  /** It is in this one instead. */
  readonly hostingKubeconfig?: string
  /** Where health and metrics are served: `HOST:PORT`, `0` for nowhere. */
  readonly metricsBindAddress?: string
  readonly featureGates: Readonly<Record<string, boolean>>
}

/** Run as a Deployment. */
export type DeployFlags = {
  readonly deploy: boolean
  /** Needed for it. */
  readonly image?: string
}

/** How a command finds a cluster's API server. */
export type ClusterAccess = {
  /** A file; else $KUBECONFIG, the fleet of this folder, the user's own. */
  readonly kubeconfig?: string
  readonly context?: string
}

export type InitOptions = ClusterAccess &
  DeployFlags & {
    /** Of the hub's Deployment. */
    readonly replicas: number
    /** How clusters reach the hub, where that is not what the kubeconfig says. */
    readonly hubApiserver?: string
    /** Of the authorities that prove it, where those are not the kubeconfig's. */
    readonly caFile?: string
    /** Print what would be applied, and change nothing. */
    readonly output?: "yaml" | "json"
    /** Then run the hub's controllers here. */
    readonly run: boolean
    readonly featureGates: Readonly<Record<string, boolean>>
    readonly autoApproveUsers: readonly string[]
    readonly quiet: boolean
  }

/** OCM's, in clusteradm's spelling. */
export const DEPLOY_MODES = ["default", "singleton", "hosted", "singletonhosted"] as const
export type DeployMode = (typeof DEPLOY_MODES)[number]

export type JoinOptions = ClusterAccess &
  DeployFlags & {
    readonly clusterName: string
    /** Either a kubeconfig of the hub, or its address and a token. */
    readonly bootstrapKubeconfig?: string
    readonly hubApiserver?: string
    readonly hubToken?: string
    /** File with the authority of the hub's certificate; asked of the hub when absent. */
    readonly caFile?: string
    /** What the hub's answer is checked with: `sha256:…`. */
    readonly hubCaHash?: string
    readonly dir: string
    readonly output?: "yaml" | "json"
    /** How the agent is deployed; ours is one program in each. */
    readonly mode: DeployMode
    /** With a hosted one: the cluster to manage. `kubeconfig` is where the agent runs. */
    readonly managedClusterKubeconfig?: string
    /** Then run the agent here. */
    readonly run: boolean
    readonly featureGates: Readonly<Record<string, boolean>>
    readonly quiet: boolean
  }

export type ImportOptions = ClusterAccess & {
  readonly clusterName: string
  readonly managedClusterKubeconfig: string
  readonly mode: DeployMode
  /** With a hosted one: where the agent runs. Default: the hub's cluster. */
  readonly hostingKubeconfig?: string
  readonly image: string
  readonly hubApiserver?: string
  /** Of the ManagedCluster. */
  readonly labels: Readonly<Record<string, string>>
  readonly featureGates: Readonly<Record<string, boolean>>
  readonly wait: boolean
  readonly timeoutSeconds: number
  readonly dryRun: boolean
  /** Also when the cluster's agent obeys another hub. */
  readonly force: boolean
  readonly quiet: boolean
}

export type TokenOptions = ClusterAccess & {
  readonly hubApiserver?: string
  readonly output?: "yaml" | "json" | "kubeconfig"
  /** A token that ends by itself, rather than the hub's own. */
  readonly expirationSeconds?: number
}

/** A token for one cluster. */
export type BoundTokenOptions = ClusterAccess &
  Pick<TokenOptions, "hubApiserver" | "output"> & {
    readonly clusterName: string
    readonly ttlSeconds: number
  }

export type TokenListOptions = ClusterAccess & { readonly output?: "json" | "yaml" }

export type MembersOptions = Pick<ServingOptions, "bindAddress" | "port"> & {
  readonly clusters: number
  readonly hubKubeconfig: string
  readonly dir: string
  readonly nodes: number
  /** Let them in with the hub's kubeconfig; otherwise somebody else has to. */
  readonly accept: boolean
  readonly timeoutSeconds: number
  readonly quiet: boolean
}

export type BackupOptions = {
  readonly file: string
  readonly dir: string
  /** Of a server elsewhere, instead of the folder. */
  readonly kubeconfig?: string
  readonly output?: "json"
  readonly quiet: boolean
}

export type RestoreOptions = Omit<BackupOptions, "kubeconfig">

export type CheckOptions = {
  /** A backup or a database, instead of the folder. */
  readonly file?: string
  readonly dir: string
  readonly full: boolean
  readonly output?: "json"
}

export type ReencryptOptions = {
  readonly dir: string
  readonly encryptionProviderConfig: string
  readonly output?: "json"
}

/**
 * What commands start that needs more than planners: put in by src/cmd, the only layer that knows all the others. Each
 * runs until it is done or the terminal is interrupted.
 */
export type Roots = {
  readonly up: (terminal: Terminal, options: UpOptions) => Promise<void>
  readonly down: (terminal: Terminal, options: { readonly dir: string }) => Promise<void>
  readonly apiserver: (terminal: Terminal, options: ApiserverOptions) => Promise<void>
  readonly hub: (terminal: Terminal, options: HubOptions) => Promise<void>
  readonly agent: (terminal: Terminal, options: AgentOptions) => Promise<void>
  readonly init: (terminal: Terminal, options: InitOptions) => Promise<void>
  readonly join: (terminal: Terminal, options: JoinOptions) => Promise<void>
  readonly import: (terminal: Terminal, options: ImportOptions) => Promise<void>
  readonly token: (terminal: Terminal, options: TokenOptions) => Promise<void>
  readonly tokenCreate: (terminal: Terminal, options: BoundTokenOptions) => Promise<void>
  readonly tokenList: (terminal: Terminal, options: TokenListOptions) => Promise<void>
  readonly tokenRevoke: (terminal: Terminal, names: readonly string[], options: ClusterAccess) => Promise<void>
  readonly members: (terminal: Terminal, options: MembersOptions) => Promise<void>
  readonly backup: (terminal: Terminal, options: BackupOptions) => Promise<void>
  readonly restore: (terminal: Terminal, options: RestoreOptions) => Promise<void>
  readonly check: (terminal: Terminal, options: CheckOptions) => Promise<void>
  readonly reencrypt: (terminal: Terminal, options: ReencryptOptions) => Promise<void>
}
