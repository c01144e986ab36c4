// What `--deploy` installed, as the API server gives it back, and the processes that its pods would be.
import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { NAMESPACES, PODS, SERVICE_ACCOUNTS, type Pod } from "#api/kubernetes/core.ts"
import { POD_DISRUPTION_BUDGETS } from "#api/kubernetes/policy.ts"
import { AGENT_NAMESPACE, HUB_COMPONENTS_NAMESPACE } from "#hub/install/names.ts"
import type { KubeClient } from "#kube/client.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import type { Connected } from "../support/hawser.ts"

export const IMAGE = "registry.example/hawser:test"

/**
 * The command line of the Deployment's one container.
 *
 * @param here  what a pod has and this machine has not: argument -> argument
 */
export async function argumentsOf(
  client: KubeClient,
  key: { readonly namespace: string; readonly name: string },
  here: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { spec } = await client.get(DEPLOYMENTS, key)
  const [container, ...others] = spec.template.spec.containers as { image?: string; args?: string[] }[]
  assert.deepEqual([container?.image, others], [IMAGE, []])
  const args = container?.args ?? []
  for (const there of Object.keys(here)) assert.ok(args.includes(there), `${there} in ${args.join(" ")}`)
  return args.map((argument) => here[argument] ?? argument)
}

/** Pods of the Deployment pass the strictest policy of Pod Security. */
export async function arePodsRestricted(client: KubeClient, key: { namespace: string; name: string }): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  await client.patch(NAMESPACES, { name: key.namespace }, { merge: { metadata: { labels } } })
  const { spec } = await client.get(DEPLOYMENTS, key)
  const { metadata, spec: pod } = spec.template
  const object = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "try", namespace: key.namespace } }
  await client.create(PODS, { ...object, spec: pod } as Pod, { dryRun: true })
  await client.patch(
    NAMESPACES,
    { name: key.namespace },
    {
      merge: { metadata: { labels: { "pod-security.kubernetes.io/enforce": null } } },
    },
  )
}

/** Two hubs, of which a drain takes one at a time; one agent, which goes on until the next is ready. */
export async function areReplicasGuarded(hub: KubeClient, spoke: KubeClient): Promise<void> {
  const [hubs] = (await hub.list(DEPLOYMENTS, { namespace: HUB_COMPONENTS_NAMESPACE })).items
  assert.equal(hubs?.spec.replicas, 2)
  const [budget] = (await hub.list(POD_DISRUPTION_BUDGETS, { namespace: HUB_COMPONENTS_NAMESPACE })).items
  assert.deepEqual(budget?.spec, { maxUnavailable: 1, selector: hubs.spec.selector })
  const [agents] = (await spoke.list(DEPLOYMENTS, { namespace: AGENT_NAMESPACE })).items
  assert.deepEqual(
    [agents?.spec.replicas, agents?.spec.strategy],
    [1, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }],
  )
}

/** Writes a kubeconfig with a token of the service account, as its pods have one. @param port  where the server is reached instead */
export async function asServiceAccount(
  admin: Connected,
  path: string,
  namespace: string,
  name: string,
  port?: number,
): Promise<void> {
  const { status } = await admin.client.createSubresource<object, { status: { token: string } }>(
    SERVICE_ACCOUNTS as never,
    { namespace, name },
    "token",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3_600 } },
  )
  const { server, ca = "" } = admin.kubeconfig
  const at = new URL(server)
  if (port !== undefined) at.port = String(port)
  writeFileSync(path, kubeconfigText({ server: at.href.replace(/\/$/, ""), ca, token: status.token }))
}
