import { fleetCases } from "../cases/fleet.cases.ts"
import { startKubernetesFleet } from "./kubernetes-fleet.ts"

fleetCases("fleet of 2 on real Kubernetes", startKubernetesFleet, { members: 2, withinMs: 60_000 })
