import { fleetCases } from "../cases/fleet.cases.ts"
import { REFERENCE_DATA } from "../support/workloads.ts"
import { startEmbeddedFleet } from "./embedded-fleet.ts"

fleetCases("embedded fleet of 3", startEmbeddedFleet, { members: 3, withinMs: 30_000 })
// Outside data is there where CI is: people's own runs stay short.
if (REFERENCE_DATA !== undefined) {
  fleetCases("embedded fleet of 100", startEmbeddedFleet, { members: 100, withinMs: 120_000 })
}
