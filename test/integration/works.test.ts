import { worksCases } from "../cases/works.cases.ts"
import { startEmbeddedFleet } from "./embedded-fleet.ts"

worksCases("works on the embedded server", startEmbeddedFleet, { withinMs: 20_000, measuresWorks: true })
