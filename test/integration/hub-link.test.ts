import assert from "node:assert/strict"
import { testHubLink } from "#agent/hub-link.contract.ts"
import { kubernetesEntrance, kubernetesHub } from "#agent/kubernetes-hub.ts"
import { handsOn } from "../support/linked-hub.ts"
import { newWorld } from "./agent-world.ts"

testHubLink("link over the Kubernetes API of the embedded server", async (t) => {
  const world = newWorld()
  const stop = new AbortController()
  t.after(async () => {
    stop.abort()
    await world.clock.settle()
  })
  const hub = await world.cluster("hub", "hub")
  const runtime = world.runtime(stop.signal)
  // Without the network, whose time stands still while a case waits for an answer.
  const client = hub.admin
  const close = () => {}
  return {
    cluster: "c1",
    runtime,
    link: kubernetesHub({ client, informers: world.informers(client), close }, "c1"),
    entrance: kubernetesEntrance({ client, close }),
    ...handsOn(hub.admin, "c1", runtime),
    async until(condition) {
      for (let i = 0; i < 2_000 && !condition(); i++) await world.clock.advance(5)
      assert.ok(condition(), "the condition did not come to hold within 10 seconds")
    },
  }
})
