// Names of what an installation consists of. Those without `hawser` are OCM's: its programs look for them.
import { createHash } from "node:crypto"

/** Holds the identity that clusters join with. */
export const HUB_NAMESPACE = "open-cluster-management"
/** Holds the hub's own programs. */
export const HUB_COMPONENTS_NAMESPACE = "open-cluster-management-hub"
export const AGENT_NAMESPACE = "open-cluster-management-agent"
export const AGENT_ADDON_NAMESPACE = "open-cluster-management-agent-addon"

export const BOOTSTRAP_SERVICE_ACCOUNT = "agent-registration-bootstrap"
export const BOOTSTRAP_ROLE = "open-cluster-management:bootstrap"
/** Gives that role to who shows a bootstrap token. */
export const BOOTSTRAP_TOKENS_BINDING = `${BOOTSTRAP_ROLE}:managedcluster`
/** As it appears in requests: a user for `--auto-approve-user`. */
export const BOOTSTRAP_USER = `system:serviceaccount:${HUB_NAMESPACE}:${BOOTSTRAP_SERVICE_ACCOUNT}`

export const HUB_SERVICE_ACCOUNT = "hawser-hub"
export const AGENT_SERVICE_ACCOUNT = "hawser-agent"
/** In the agent's Deployment, which has the account's name. */
export const AGENT_CONTAINER = "agent"

/** On the member: what its agent introduces itself with, and what the hub gave it. OCM's agents look there too. */
export const BOOTSTRAP_SECRET = "bootstrap-hub-kubeconfig"
export const HUB_KUBECONFIG_SECRET = "hub-kubeconfig-secret"

/** Where the agent of a cluster that it does not run on finds that cluster, with the key `kubeconfig`. OCM's name. */
export const MANAGED_KUBECONFIG_SECRET = "external-managed-kubeconfig"
/** On a cluster whose agent runs elsewhere: the token that it has there. */
export const AGENT_TOKEN_SECRET = "hawser-agent-token"

const NAMESPACE_LENGTH_MAX = 63
const HASH_LENGTH = 8

/** The namespace of a cluster's agent on the cluster that hosts it: one hosts many. */
export function hostedNamespace(cluster: string): string {
  const name = `klusterlet-${cluster}`
  if (name.length <= NAMESPACE_LENGTH_MAX) return name
  const hash = createHash("sha256").update(cluster).digest("hex").slice(0, HASH_LENGTH)
  return `${name.slice(0, NAMESPACE_LENGTH_MAX - HASH_LENGTH - 1).replace(/-+$/, "")}-${hash}`
}

/** Who writes what an installation consists of, for server-side apply. */
export const INSTALL_FIELD_MANAGER = "hawser"

/** The field that says that an object came with an installation, and the value. */
export const MANAGED_BY_LABEL = { "app.kubernetes.io/managed-by": "hawser" }
