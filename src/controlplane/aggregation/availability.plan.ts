// Whether another API server can be reached. Source: k8s.io/kube-aggregator pkg/controllers/status.
import type { ApiService, ApiServiceCondition } from "#api/kubernetes/apiregistration.ts"
import type { Service } from "#api/kubernetes/core.ts"
import type { EndpointSlice } from "#api/kubernetes/discovery.ts"
import { deepEqual } from "#apimachinery/json.ts"

const HTTPS_PORT = 443

export type Verdict = { readonly status: "True" | "False"; readonly reason: string; readonly message: string }

export const PASSED: Verdict = { status: "True", reason: "Passed", message: "all checks passed" }

export const failedCheck = (message: string): Verdict => ({ status: "False", reason: "FailedDiscoveryCheck", message })

const missing = (reason: string, message: string): Verdict => ({ status: "False", reason, message })

/**
 * What the objects tell already.
 *
 * @param slices  of the service
 * @returns why it cannot be reached; undefined when it must be asked
 */
export function judgeService(
  { spec }: ApiService,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Verdict | undefined {
  const { namespace, name, port = HTTPS_PORT } = spec.service!
  const described = `service/${name} in ${JSON.stringify(namespace)}`
  if (service === undefined) return missing("ServiceNotFound", `${described} is not present`)
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined
  const found = service.spec?.ports?.find((p) => p.port === port)
  if (found === undefined) return missing("ServicePortError", `${described} is not listening on port ${port}`)
  if (slices.length === 0) return missing("EndpointsNotFound", `cannot find endpointslices for ${described}`)
  const portName = found.name ?? ""
  const isReachable = slices.some(
    (slice) =>
      (slice.endpoints ?? []).some((endpoint) => endpoint.conditions?.ready !== false) &&
      (slice.ports ?? []).some((p) => (p.name ?? "") === portName && typeof p.port === "number"),
  )
  if (isReachable) return undefined
  const why = `have no addresses with port name ${JSON.stringify(portName)}`
  return missing("MissingEndpoints", `endpointslices for ${described} ${why}`)
}

/** @returns the conditions with the verdict among them; undefined when they tell it already */
export function availableConditions(
  { status }: ApiService,
  verdict: Verdict,
  now: string,
): readonly ApiServiceCondition[] | undefined {
  const conditions = status?.conditions ?? []
  const before = conditions.find(({ type }) => type === "Available")
  const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now
  const condition: ApiServiceCondition = {
    type: "Available",
    ...verdict,
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
  }
  if (before === undefined) return [...conditions, condition]
  return deepEqual(before, condition) ? undefined : conditions.map((c) => (c === before ? condition : c))
}
