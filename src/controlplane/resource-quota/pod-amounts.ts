// What a pod asks for and is limited to. Source: k8s.io/component-helpers/resource.PodRequests and PodLimits.
import type { Container, Pod, ResourceList } from "#api/kubernetes/core.ts"
import type { Quantity } from "#apimachinery/quantity.ts"
import { amountsOf, maximum, sum } from "./amounts.ts"

type Side = "requests" | "limits"

/**
 * Containers run together, and so do init containers that restart with them; the other init containers run one after the
 * other before. Amounts that the pod states as a whole take the place of the sum.
 */
export function podAmounts(pod: Pod, side: Side): Map<string, Quantity> {
  let running = new Map<string, Quantity>()
  for (const container of pod.spec.containers ?? []) running = sum(running, ofContainer(container, side))
  let sidecars = new Map<string, Quantity>()
  let starting = new Map<string, Quantity>()
  for (const container of pod.spec.initContainers ?? []) {
    const own = ofContainer(container, side)
    if (container["restartPolicy"] === "Always") {
      sidecars = sum(sidecars, own)
      starting = maximum(starting, sidecars)
    } else starting = maximum(starting, sum(sidecars, own))
  }
  const whole = pod.spec as { resources?: { [side in Side]?: ResourceList }; overhead?: ResourceList }
  const stated = new Map([...maximum(sum(running, sidecars), starting), ...amountsOf(whole.resources?.[side])])
  const overhead = amountsOf(whole.overhead)
  if (side === "requests") return sum(stated, overhead)
  // An overhead limits nothing that has no limit.
  return sum(stated, new Map([...overhead].filter(([name]) => stated.has(name))))
}

const ofContainer = (container: Container, side: Side) => amountsOf(container.resources?.[side])
