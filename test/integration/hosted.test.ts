import assert from "node:assert/strict"
import { join } from "node:path"
import { hostedCases } from "../cases/hosted.cases.ts"
import { eventually } from "../support/eventually.ts"
import { startHawser } from "../support/hawser.ts"

hostedCases("hosted agents on embedded servers", async (dir) => {
  const servers = ["hub-server", "spoke-server"].map((name) => startHawser(dir, "apiserver", "--dir", name))
  for (const server of servers) await eventually(() => assert.match(server.output(), /Kubeconfig/))
  return {
    hubKubeconfig: join(dir, "hub-server/kubeconfig"),
    spokeKubeconfig: join(dir, "spoke-server/kubeconfig"),
    dispose: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  }
})
