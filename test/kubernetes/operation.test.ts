import { join } from "node:path"
import { operationCases } from "../cases/operation.cases.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes } from "./cluster.ts"

operationCases("operation on real Kubernetes", async (dir) => {
  const binaries = buildKubernetes(() => {})
  const [hub, spoke] = await Promise.all(
    ["hub", "spoke"].map((name) => startKubernetes(name, join(dir, name), binaries)),
  )
  return {
    hubKubeconfig: hub!.kubeconfig,
    spokeKubeconfig: spoke!.kubeconfig,
    killHub: () => hub!.stopApiServer("SIGKILL"),
    dispose: async () => void (await Promise.all([hub!.stop(), spoke!.stop()])),
  }
})
