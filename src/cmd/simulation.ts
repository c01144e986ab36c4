// A simulated fleet, put together as `hawser up` does it.
import type { UnknownObject } from "#apimachinery/meta.ts"
import { ensureBootstrapToken } from "#hub/install/bootstrap-token.ts"
import { hubManifests } from "#hub/install/hub-manifests.ts"
import { memberManifests } from "#hub/install/member-manifests.ts"
import type { Log } from "#lib/log.ts"
import { newSimulation, type Simulation } from "#simulator/simulation.ts"
import { hubAdmission } from "./hub-admission.ts"
import { startHubControllers } from "./hub-server.ts"

export function newFleetSimulation(options: {
  readonly seed: number
  readonly members: number
  readonly log?: Log
}): Promise<Simulation> {
  return newSimulation({
    ...options,
    hub: {
      admission: hubAdmission,
      manifests: hubManifests({ isAdmissionBuiltIn: true }) as UnknownObject[],
      start(runtime, server) {
        startHubControllers(runtime, server, { featureGates: {}, autoApproveUsers: [], autoApproveBootstrap: true })
        return ensureBootstrapToken(server.client, runtime.random)
      },
    },
    memberManifests: memberManifests() as UnknownObject[],
  })
}
