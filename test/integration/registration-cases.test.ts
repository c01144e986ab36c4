import assert from "node:assert/strict"
import { join } from "node:path"
import { registrationCases } from "../cases/registration.cases.ts"
import { eventually } from "../support/eventually.ts"
import { startHawser } from "../support/hawser.ts"

registrationCases("registration on an embedded server", async (dir) => {
  const server = startHawser(dir, "apiserver", "--dir", "hub-server")
  await eventually(() => assert.match(server.output(), /Kubeconfig/))
  return { kubeconfig: join(dir, "hub-server/kubeconfig"), dispose: async () => void (await server.stop()) }
})
