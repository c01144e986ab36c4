// The embedded server with another API server behind it.
import { after, before, describe } from "node:test"
import { newHttpsOutbound } from "#lib/https-outbound.ts"
import { aggregationCases } from "../aggregation/aggregation.cases.ts"
import { startEmbedded } from "../differential/embedded-target.ts"

describe("aggregation on the embedded server", () => {
  const outbound = newHttpsOutbound()
  let embedded: Awaited<ReturnType<typeof startEmbedded>>
  before(async () => {
    embedded = await startEmbedded({ outbound })
  })
  after(async () => {
    await embedded.close()
    outbound.close()
  })
  aggregationCases(() => embedded)
})
