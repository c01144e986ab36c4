import { PODS, type Pod } from "#api/kubernetes/core.ts"
import { POD_DISRUPTION_BUDGETS, type PodDisruptionBudget } from "#api/kubernetes/policy.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { labelSelectorOf } from "#apimachinery/selectors.ts"
import { badRequest, hasReason, newStatusError, notFound } from "#apimachinery/status-error.ts"
import { formatTime } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { parseDeleteOptions } from "#apiserver/registry/remove.ts"
import type { VirtualRequest, VirtualResource } from "#apiserver/virtual.ts"
import { judgeEviction } from "./eviction.plan.ts"

/** Conflicts with the controller, or with other evictions, before one is given up. */
const ATTEMPTS_MAX = 20

const SUCCESS = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  code: 201,
} as unknown as UnknownObject

/** POST pods/NAME/eviction: a deletion that keeps to the disruption budget. */
export function podEviction(reader: ObjectReader, client: () => KubeClient): VirtualResource {
  return {
    group: "",
    resource: "pods",
    subresource: "eviction",
    create: async (request) => {
      if (request.object.metadata.name !== request.name)
        throw badRequest("name in URL does not match name in Eviction object")
      for (let attempt = 1; ; attempt++) {
        try {
          await evict(reader, client(), request)
          return SUCCESS
        } catch (error) {
          if (!hasReason(error, "Conflict") || optionsOf(request).resourceVersion !== undefined) throw error
          if (attempt === ATTEMPTS_MAX)
            throw newStatusError("Timeout", "couldn't update PodDisruptionBudget due to conflicts")
        }
      }
    },
  }
}

const optionsOf = ({ object }: VirtualRequest) => {
  const options = object["deleteOptions"] as Record<string, unknown> | undefined
  return parseDeleteOptions(options ?? {}, new URLSearchParams())
}

async function evict(reader: ObjectReader, client: KubeClient, request: VirtualRequest): Promise<void> {
  const { namespace, name, nowMs, dryRun } = request
  const pod = reader.get(PODS, namespace, name) as Pod | undefined
  if (pod === undefined) throw notFound(PODS, name)
  const budgets = (reader.list(POD_DISRUPTION_BUDGETS, namespace) as PodDisruptionBudget[]).filter(
    ({ spec }) => spec?.selector !== undefined && labelSelectorOf(spec.selector).matches(pod.metadata.labels),
  )
  const verdict = judgeEviction(pod, budgets, nowMs)
  if ("refused" in verdict) throw verdict.refused
  if (dryRun) return
  if (verdict.charged !== undefined)
    await client.update(POD_DISRUPTION_BUDGETS, verdict.charged, { subresource: "status" })
  const options = optionsOf(request)
  const seen = verdict.asSeen === true ? pod.metadata.resourceVersion : undefined
  const preconditions = { uid: options.uid ?? pod.metadata.uid, resourceVersion: options.resourceVersion ?? seen }
  const told = await client.patch(
    PODS,
    { namespace, name },
    { merge: { metadata: defined(preconditions), status: { conditions: withTarget(pod, formatTime(nowMs)) } } },
    { subresource: "status" },
  )
  await client.delete(
    PODS,
    { namespace, name },
    {
      ...defined({ uid: preconditions.uid }),
      ...(preconditions.resourceVersion === undefined
        ? {}
        : defined({ resourceVersion: told.metadata.resourceVersion })),
      ...defined({ gracePeriodSeconds: options.gracePeriodSeconds, propagationPolicy: options.propagationPolicy }),
    },
  )
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/** Whoever looks at the pod while it goes sees why. */
function withTarget({ status }: Pod, now: string): object[] {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget")
  const target = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: now,
  }
  return [...others, target]
}
