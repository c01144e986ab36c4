import { join } from "node:path"
import { hostedCases } from "../cases/hosted.cases.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes } from "./cluster.ts"

hostedCases("hosted agents on real Kubernetes", async (dir) => {
  const binaries = buildKubernetes(() => {})
  const [hub, spoke] = await Promise.all(
    ["hub", "spoke"].map((name) => startKubernetes(name, join(dir, name), binaries)),
  )
  return {
    hubKubeconfig: hub!.kubeconfig,
    spokeKubeconfig: spoke!.kubeconfig,
    dispose: async () => void (await Promise.all([hub!.stop(), spoke!.stop()])),
  }
})
