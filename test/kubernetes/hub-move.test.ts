import { join } from "node:path"
import { hubMoveCases } from "../cases/hub-move.cases.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes } from "./cluster.ts"

hubMoveCases("a hub that moves, on real Kubernetes", async (dir) => {
  const binaries = buildKubernetes(() => {})
  const [hub, spoke] = await Promise.all(
    ["hub", "spoke"].map((name) => startKubernetes(name, join(dir, name), binaries)),
  )
  return {
    hubKubeconfig: hub!.kubeconfig,
    spokeKubeconfig: spoke!.kubeconfig,
    serve: hub!.startAnother,
    dispose: async () => void (await Promise.all([hub!.stop(), spoke!.stop()])),
  }
})
