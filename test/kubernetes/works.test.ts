import { worksCases } from "../cases/works.cases.ts"
import { startKubernetesFleet } from "./kubernetes-fleet.ts"

worksCases("works on real Kubernetes", startKubernetesFleet, { withinMs: 60_000, measuresWorks: false })
