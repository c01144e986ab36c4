// What a quota has been used up, and whether it has room for one more object.
// Source: k8s.io/apiserver plugin/resourcequota and k8s.io/kubernetes pkg/controller/resourcequota.
import { RESOURCE_QUOTAS, type Container, type Pod, type ResourceQuota } from "#api/kubernetes/core.ts"
import { compareText, deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { Quantity } from "#apimachinery/quantity.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"
import { amountsOf, increase, only, sum, textOf, toList, ZERO, type Amounts } from "./amounts.ts"
import { isInScopes } from "./scopes.ts"
import { computeNames, countsFor, usageOf, type Counted } from "./usage.ts"

/** The objects of one resource in the quota's namespace. */
export type Held = { readonly counted: Counted; readonly objects: readonly UnknownObject[] }

/** Brings the status to what its namespace holds. */
export function planQuota(quota: ResourceQuota, held: readonly Held[], nowMs: number): Plan {
  if (quota.metadata.deletionTimestamp !== undefined) return NOTHING
  const hard = quota.spec?.hard ?? {}
  const used = new Map<string, Quantity>()
  for (const { counted, objects } of held) {
    const names = new Set(Object.keys(hard).filter((name) => countsFor(counted, name)))
    if (names.size === 0) continue
    for (const name of names) if (!used.has(name)) used.set(name, ZERO)
    for (const object of objects) {
      if (!isInScopes(quota, counted, object)) continue
      for (const [name, amount] of only(usageOf(counted, object, nowMs), names))
        used.set(name, (used.get(name) ?? ZERO).add(amount))
    }
  }
  const status = { hard, used: toList(used) }
  if (deepEqual(status, { hard: quota.status?.hard, used: quota.status?.used })) return NOTHING
  const updated: ResourceQuota = { ...quota, status }
  return {
    actions: [{ do: "update", type: RESOURCE_QUOTAS as never, object: updated, subresource: "status" }],
  }
}

/** What a write asks of the quotas of its namespace. */
export type Request = {
  readonly counted: Counted
  readonly object: UnknownObject
  /** What is there now, for a change. */
  readonly before?: UnknownObject
  readonly nowMs: number
}

export type Verdict =
  | { readonly refused: string }
  /** The quotas that the write is charged to, with their new status. */
  | { readonly charged: readonly ResourceQuota[] }

/** @returns why a quota has no room, or what each has used with it */
export function judgeQuotas(quotas: readonly ResourceQuota[], request: Request): Verdict {
  const { counted, object, before, nowMs } = request
  const concerned = quotas.filter((quota) => {
    const names = Object.keys(quota.status?.hard ?? {})
    return names.some((name) => countsFor(counted, name)) && isInScopes(quota, counted, object)
  })
  for (const quota of concerned) {
    const refused = constraintProblem(quota, counted, object) ?? unknownUsage(quota, counted)
    if (refused !== undefined) return { refused }
  }
  const usage = usageOf(counted, object, nowMs)
  const asked = before === undefined ? usage : increase(usage, usageOf(counted, before, nowMs))
  const charged: ResourceQuota[] = []
  for (const quota of concerned.toSorted((a, b) => compareText(a.metadata.name ?? "", b.metadata.name ?? ""))) {
    const hard = amountsOf(quota.status?.hard)
    const used = amountsOf(quota.status?.used)
    const wanted = new Map([...asked].filter(([name, amount]) => hard.has(name) && !amount.isZero))
    if (wanted.size === 0) continue
    const total = sum(used, wanted)
    const exceeded = new Set([...wanted.keys()].filter((name) => total.get(name)!.compare(hard.get(name)!) > 0))
    if (exceeded.size > 0) return { refused: tooMuch(quota, { wanted, used, hard }, exceeded) }
    charged.push({ ...quota, status: { ...quota.status, used: toList(total) } })
  }
  return { charged }
}

function tooMuch(
  { metadata }: ResourceQuota,
  amounts: { readonly wanted: Amounts; readonly used: Amounts; readonly hard: Amounts },
  exceeded: ReadonlySet<string>,
): string {
  const text = (of: Amounts) => textOf(only(of, exceeded))
  return `exceeded quota: ${metadata.name}, requested: ${text(amounts.wanted)}, used: ${text(amounts.used)}, limited: ${text(amounts.hard)}`
}

function unknownUsage(quota: ResourceQuota, counted: Counted): string | undefined {
  const used = quota.status?.used ?? {}
  const names = Object.keys(quota.status?.hard ?? {}).filter((name) => countsFor(counted, name))
  if (names.every((name) => name in used)) return undefined
  return `status unknown for quota: ${quota.metadata.name}, resources: ${names.toSorted(compareText).join(",")}`
}

/** Containers have to say how much they take of what is limited. */
const TO_BE_STATED = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"]

function constraintProblem(quota: ResourceQuota, counted: Counted, object: UnknownObject): string | undefined {
  if (counted.group !== "" || counted.resource !== "pods") return undefined
  const hard = quota.status?.hard ?? {}
  const { containers, initContainers = [] } = (object as Pod).spec
  const missing = TO_BE_STATED.filter((name) => name in hard).flatMap((name) => {
    const silent = [...containers, ...initContainers].filter((container) => !states(container, name))
    return silent.length === 0
      ? []
      : [
          `${name} for: ${silent
            .map((c) => c.name)
            .toSorted(compareText)
            .join(",")}`,
        ]
  })
  return missing.length === 0 ? undefined : `failed quota: ${quota.metadata.name}: must specify ${missing.join("; ")}`
}

const states = ({ resources }: Container, name: string) =>
  computeNames(amountsOf(resources?.requests), amountsOf(resources?.limits)).has(name)
