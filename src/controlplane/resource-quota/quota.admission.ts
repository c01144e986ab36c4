import { RESOURCE_QUOTAS, type ResourceQuota } from "#api/kubernetes/core.ts"
import { forbidden, hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import type { AdmissionPlugin, AdmissionRequest } from "#apiserver/admission/admission.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { judgeQuotas } from "./quota.plan.ts"
import { changesCount } from "./usage.ts"

/** The controller writes the same status now and then: more often than that nobody comes between. */
const ATTEMPTS_MAX = 10

/**
 * Refuses what a quota of the namespace has no room for, and charges what it lets through to its status before it is
 * stored: what then fails is taken off again by the controller. Comes last in admission.
 */
export function quotaAdmission(reader: ObjectReader, client: () => KubeClient): AdmissionPlugin {
  /** One charge at a time in a namespace: their statuses would only conflict. */
  const turns = new Map<string, Promise<void>>()
  return {
    name: "ResourceQuota",
    validate(request) {
      if (!isCharged(request) || reader.list(RESOURCE_QUOTAS, request.namespace).length === 0) return
      const { namespace } = request
      const turn = (turns.get(namespace) ?? Promise.resolve()).then(() => charge(reader, client(), request))
      const settled = turn.catch(() => undefined)
      turns.set(namespace, settled)
      void settled.then(() => turns.get(namespace) === settled && turns.delete(namespace))
      return turn
    },
  }
}

function isCharged({ operation, resource, subresource, namespace }: AdmissionRequest): boolean {
  if (namespace === "" || !resource.namespaced || subresource !== "") return false
  if (operation === "CREATE") return true
  const isPods = resource.group === "" && resource.resource === "pods"
  return operation === "UPDATE" && changesCount(resource.storage) && !isPods
}

async function charge(reader: ObjectReader, client: KubeClient, request: AdmissionRequest): Promise<void> {
  const { resource, namespace, name, object, before, nowMs, dryRun } = request
  if (object === undefined) return
  for (let attempt = 1; ; attempt++) {
    const quotas = reader.list(RESOURCE_QUOTAS, namespace) as ResourceQuota[]
    const asked = { counted: resource.storage, object, nowMs, ...(before === undefined ? {} : { before }) }
    const verdict = judgeQuotas(quotas, asked)
    if ("refused" in verdict) throw forbidden(resource, name, verdict.refused)
    if (dryRun) return
    try {
      for (const quota of verdict.charged) await client.update(RESOURCE_QUOTAS, quota, { subresource: "status" })
      return
    } catch (error) {
      if (!hasReason(error, "Conflict", "NotFound") || attempt === ATTEMPTS_MAX) throw error
    }
  }
}
