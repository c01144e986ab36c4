// A hub in one process: the embedded API server, its own controllers, and the hub's.
import { startPlacement } from "#hub/placement/placement.controller.ts"
import { startRegistration, type RegistrationOptions } from "#hub/registration/start.ts"
import { startCompletedWorks } from "#hub/work/completed-work.controller.ts"
import { startReplicaSets } from "#hub/work/replica-set.controller.ts"
import type { KubeClient } from "#kube/client.ts"
import type { EventRecorder } from "#kube/events.ts"
import type { InformerFactory } from "#kube/informer.ts"
import type { Runtime } from "#runtime/controller.ts"

export type HubOptions = {
  readonly featureGates: Readonly<Record<string, boolean>>
  readonly autoApproveUsers: readonly string[]
  /** Let in everybody who comes with a token of the hub's: what `hawser up` does for its own members. */
  readonly autoApproveBootstrap: boolean
}

/** Starts the hub's controllers on any API server. The informers are started by the caller afterwards. */
export function startHubControllers(
  runtime: Runtime,
  hub: { readonly client: KubeClient; readonly informers: InformerFactory; readonly events?: EventRecorder },
  options: HubOptions,
): void {
  const gate = (name: string, byDefault: boolean) => options.featureGates[name] ?? byDefault
  const registration: RegistrationOptions = {
    autoApproval: options.autoApproveBootstrap || gate("ManagedClusterAutoApproval", false),
    autoApproveUsers: gate("ManagedClusterAutoApproval", false) ? options.autoApproveUsers : [],
    autoApproveBootstrap: options.autoApproveBootstrap,
    builtInSets: gate("DefaultClusterSet", true),
    clusterProfiles: gate("ClusterProfile", false),
    cleanUp: gate("ResourceCleanup", true),
  }
  startRegistration(runtime, hub, registration)
  startPlacement(runtime, hub)
  // Upstream has it off; here it is what the fleet's first minute is about.
  if (gate("ManifestWorkReplicaSet", true)) startReplicaSets(runtime, hub)
  // Off upstream; only works that ask for it are deleted.
  if (gate("CleanUpCompletedManifestWork", true)) startCompletedWorks(runtime, hub)
}
