import { sleep, type Clock } from "#lib/clock.ts"
import {
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
} from "#api/kubernetes/admissionregistration.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import { CUSTOM_RESOURCE_DEFINITIONS } from "#api/kubernetes/apiextensions.ts"
import { CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS } from "#api/kubernetes/core.ts"
import { POD_DISRUPTION_BUDGETS } from "#api/kubernetes/policy.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from "#api/kubernetes/rbac.ts"
import { apiVersionOf, type ResourceType } from "#apimachinery/gvk.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { KubeClient } from "#kube/client.ts"
import { INSTALL_FIELD_MANAGER } from "./names.ts"

export type ApplyManifestsOptions = {
  readonly clock: Clock
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ApplyProgress) => void
  /** How long a CRD may take to be served. */
  readonly establishedWithinMs?: number
}

export type ApplyProgress = { readonly object: KubeObject; readonly done: number; readonly total: number }

const ESTABLISHED_WITHIN_MS = 60_000
const POLL_MS = 50

/**
 * Applies an installation in the order of its objects: server-side, as manager `hawser`, so that it can be repeated and
 * an upgrade takes away what a former version had. CRDs go first and side by side; the rest follows when they are served.
 *
 * @throws StatusError as the server's; Error when a CRD is not served in time
 */
export async function applyManifests(
  client: KubeClient,
  objects: readonly KubeObject[],
  options: ApplyManifestsOptions,
): Promise<void> {
  let done = 0
  const apply = async (object: KubeObject) => {
    try {
      await client.apply(typeOf(object), object, {
        fieldManager: INSTALL_FIELD_MANAGER,
        // An installer has the last word on what it installs; a hand edit of its rights must not stop an upgrade.
        force: true,
        ...signalOf(options),
      })
    } catch (error) {
      throw new Error(`Cannot apply ${object.kind} "${object.metadata.name}"`, { cause: error })
    }
    options.onProgress?.({ object, done: ++done, total: objects.length })
  }
  const definitions = objects.filter((object) => object.kind === CUSTOM_RESOURCE_DEFINITIONS.kind)
  await Promise.all(definitions.map(apply))
  await Promise.all(definitions.map((object) => untilEstablished(client, object.metadata.name ?? "", options)))
  for (const object of objects) if (object.kind !== CUSTOM_RESOURCE_DEFINITIONS.kind) await apply(object)
}

async function untilEstablished(client: KubeClient, name: string, options: ApplyManifestsOptions): Promise<void> {
  const { clock, establishedWithinMs = ESTABLISHED_WITHIN_MS } = options
  const deadlineMs = clock.nowMs() + establishedWithinMs
  for (;;) {
    const { status } = await client.get(CUSTOM_RESOURCE_DEFINITIONS, { name }, signalOf(options))
    const conditions = status?.conditions ?? []
    if (conditions.some((c) => c.type === "Established" && c.status === "True")) return
    if (clock.nowMs() >= deadlineMs) {
      const refusal = conditions.find((c) => c.status === "False")
      const found = refusal === undefined ? "no condition" : `${refusal.type} is False: ${refusal.message ?? ""}`
      throw new Error(`Cannot use CustomResourceDefinition "${name}": ${found}, want Established`)
    }
    await sleep(clock, POLL_MS, options.signal)
  }
}

const signalOf = ({ signal }: ApplyManifestsOptions) => (signal === undefined ? {} : { signal })

const TYPES = [
  CUSTOM_RESOURCE_DEFINITIONS,
  NAMESPACES,
  SERVICE_ACCOUNTS,
  SECRETS,
  CONFIG_MAPS,
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
  ROLES,
  ROLE_BINDINGS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  DEPLOYMENTS,
  POD_DISRUPTION_BUDGETS,
]

function typeOf(object: KubeObject): ResourceType<KubeObject> {
  const type = TYPES.find((t) => t.kind === object.kind && apiVersionOf(t) === object.apiVersion)
  if (type === undefined) throw new TypeError(`Cannot apply ${object.kind}: not a kind that installations have`)
  return type as unknown as ResourceType<KubeObject>
}
