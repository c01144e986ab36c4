// A cluster's agent as a Deployment: on the cluster itself, or, hosted, on another one.
import { createHash } from "node:crypto"
import { endDetachment, secretCredentialStore } from "#agent/registration/credential-store.ts"
import { SECRETS } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { Connection } from "#cli/connect.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import { agentDeployment } from "#hub/install/deployments.ts"
import {
  EXECUTION_ROLE,
  hostingManifests,
  kubeconfigSecret,
  memberManifests,
  type Execution,
} from "#hub/install/member-manifests.ts"
import {
  AGENT_NAMESPACE,
  AGENT_SERVICE_ACCOUNT,
  AGENT_TOKEN_SECRET,
  BOOTSTRAP_SECRET,
  hostedNamespace,
  HUB_KUBECONFIG_SECRET,
} from "#hub/install/names.ts"
import type { KubeClient } from "#kube/client.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import { sleep } from "#lib/clock.ts"
import { install } from "./init.ts"

export type AgentToDeploy = {
  readonly clusterName: string
  readonly image: string
  /** Kubeconfig of the hub, as text. */
  readonly bootstrap: string
  readonly featureGates: Readonly<Record<string, boolean>>
  readonly quiet: boolean
}

/** The namespace and the name of an agent's Deployment. */
export const deploymentOf = (clusterName: string, isHosted: boolean) => ({
  namespace: isHosted ? hostedNamespace(clusterName) : AGENT_NAMESPACE,
  name: AGENT_SERVICE_ACCOUNT,
})

/** Where the agent keeps its credentials for the hub. */
export const agentCredentialsIn = ({ client }: Connection, clusterName: string, isHosted: boolean) =>
  secretCredentialStore(client, deploymentOf(clusterName, isHosted).namespace, HUB_KUBECONFIG_SECRET)

/** What `hawser join --deploy` applies to a cluster that runs its own agent. */
export function deployedAgent({ clusterName, image, bootstrap, featureGates }: AgentToDeploy, execution?: Execution) {
  return [
    ...memberManifests({ ...given(execution), clusterProperties: featureGates["ClusterProperty"] ?? false }),
    kubeconfigSecret(AGENT_NAMESPACE, BOOTSTRAP_SECRET, bootstrap),
    ...agentDeployment({ clusterName, image, featureGates, bootstrapChecksum: checksumOf(bootstrap) }),
  ]
}

const given = (execution: Execution | undefined) => (execution === undefined ? {} : { execution })

/**
 * What works may contain there, as somebody decided before: a role that is bound cannot be bound to another one, nor
 * should an upgrade give more than was given.
 */
export async function executionOn(member: KubeClient): Promise<Execution | undefined> {
  try {
    const { roleRef } = await member.get(CLUSTER_ROLE_BINDINGS, { name: EXECUTION_ROLE })
    return roleRef.name === EXECUTION_ROLE ? "aggregated" : "everything"
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}

/** Again, it is an upgrade. @param hosting  where the agent runs, when that is not the member */
export async function deployAgent(
  terminal: Terminal,
  agent: AgentToDeploy,
  member: Connection,
  hosting?: Connection,
): Promise<void> {
  const { clusterName, image, bootstrap, featureGates, quiet } = agent
  const execution = await executionOn(member.client)
  if (hosting === undefined) {
    await endDetachment(agentCredentialsIn(member, clusterName, false))
    const what = `cluster at ${member.kubeconfig.server}`
    return install(terminal, member.client, deployedAgent(agent, execution), { what, quiet })
  }
  const clusterProperties = featureGates["ClusterProperty"] ?? false
  const what = `cluster to manage at ${member.kubeconfig.server}`
  const forAgent = memberManifests({ ...given(execution), clusterProperties, hosted: true })
  await install(terminal, member.client, forAgent, { what, quiet })
  const { server, ca, proxyUrl, insecure } = member.kubeconfig
  const managed = kubeconfigText({
    server,
    token: await agentToken(terminal, member.client),
    name: clusterName,
    ...(ca === undefined ? {} : { ca }),
    ...(insecure ? { insecure } : {}),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  })
  await endDetachment(agentCredentialsIn(hosting, clusterName, true))
  const bootstrapChecksum = checksumOf(bootstrap + managed)
  const objects = [
    ...hostingManifests({ clusterName, bootstrap, managed }),
    ...agentDeployment({ clusterName, image, featureGates, bootstrapChecksum, hosted: true }),
  ]
  await install(terminal, hosting.client, objects, { what: `hosting cluster at ${hosting.kubeconfig.server}`, quiet })
}

const TOKEN_MS = 30_000
const POLL_MS = 200

/** What the token controller gives the agent's account. */
async function agentToken({ clock, interrupted }: Terminal, member: KubeClient): Promise<string> {
  const deadlineMs = clock.nowMs() + TOKEN_MS
  const key = { namespace: AGENT_NAMESPACE, name: AGENT_TOKEN_SECRET }
  for (;;) {
    const secret = await member.get(SECRETS, key, { signal: interrupted }).catch((error: unknown) => {
      if (hasReason(error, "NotFound")) return undefined
      throw error
    })
    const token = secret?.data?.["token"]
    if (token !== undefined && token !== "") return Buffer.from(token, "base64").toString()
    if (clock.nowMs() >= deadlineMs) {
      throw new CommandError(`Cannot get a token for the agent: Secret ${key.namespace}/${key.name} has none`, {
        exitCode: EXIT.timeout,
        next: "look whether the cluster's kube-controller-manager runs, then run this again",
      })
    }
    await sleep(clock, POLL_MS, interrupted)
  }
}

export const checksumOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16)
