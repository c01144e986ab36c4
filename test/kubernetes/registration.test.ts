import { join } from "node:path"
import { registrationCases } from "../cases/registration.cases.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes } from "./cluster.ts"

registrationCases("registration on real Kubernetes", async (dir) => {
  const binaries = buildKubernetes(() => {})
  const hub = await startKubernetes("hub", join(dir, "hub"), binaries)
  return { kubeconfig: hub.kubeconfig, dispose: () => hub.stop() }
})
