// Source: k8s.io/kubernetes plugin/pkg/admission/limitranger.
import type { Container, LimitRange, LimitRangeItem, Pod, ResourceList } from "#api/kubernetes/core.ts"
import { compareText } from "#apimachinery/json.ts"
import { parseQuantity, type Quantity } from "#apimachinery/quantity.ts"
import { amountsOf, type Amounts } from "#controlplane/resource-quota/amounts.ts"
import { podAmounts } from "#controlplane/resource-quota/pod-amounts.ts"

const ANNOTATION = "kubernetes.io/limit-ranger"

/** Fills in what the range says of containers that say nothing, and notes it. Changes `pod`, which may be invalid yet. */
export function setLimitDefaults({ spec }: LimitRange, pod: Pod): void {
  const requests: ResourceList = {}
  const limits: ResourceList = {}
  for (const item of (spec?.limits ?? []).filter(({ type }) => type === "Container")) {
    Object.assign(requests, item.defaultRequest)
    Object.assign(limits, item.default)
  }
  const notes = [
    ...(pod.spec.containers ?? []).flatMap((container) => fillIn(container, "container", requests, limits)),
    ...(pod.spec.initContainers ?? []).flatMap((container) => fillIn(container, "init container", requests, limits)),
  ]
  if (notes.length === 0) return
  const note = `LimitRanger plugin set: ${notes.join("; ")}`
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: note }
}

function fillIn(container: Container, what: string, requests: ResourceList, limits: ResourceList): string[] {
  const resources = (container.resources ??= {})
  const set = (side: "requests" | "limits", defaults: ResourceList): string[] => {
    const missing = Object.keys(defaults).filter((name) => resources[side]?.[name] === undefined)
    if (missing.length === 0) return []
    resources[side] = { ...resources[side], ...Object.fromEntries(missing.map((name) => [name, defaults[name]!])) }
    return [`${missing.toSorted(compareText).join(", ")} ${side.slice(0, -1)} for ${what} ${container.name}`]
  }
  return [...set("requests", requests), ...set("limits", limits)]
}

/** @returns what is out of the range, in one text; undefined when nothing is */
export function podLimitProblem({ spec }: LimitRange, pod: Pod): string | undefined {
  const problems = (spec?.limits ?? []).flatMap((item) => {
    if (item.type === "Container") {
      return [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].flatMap(({ resources }) =>
        outOfRange(item, { requests: amountsOf(resources?.requests), limits: amountsOf(resources?.limits) }),
      )
    }
    if (item.type !== "Pod") return []
    return outOfRange(item, { requests: podAmounts(pod, "requests"), limits: podAmounts(pod, "limits") })
  })
  return together(problems)
}

/** The same for a PersistentVolumeClaim, of which only the request counts. */
export function claimLimitProblem({ spec }: LimitRange, claimed: ResourceList | undefined): string | undefined {
  const requests = amountsOf(claimed)
  const problems = (spec?.limits ?? [])
    .filter(({ type }) => type === "PersistentVolumeClaim")
    .flatMap((item) => [
      ...each(item.min, (name, least) => tooLittle(item.type, name, least, { requests, limits: new Map() })),
      ...each(item.max, (name, most) => tooMuchAsked(item.type, name, most, requests)),
    ])
  return together(problems)
}

type Sides = { readonly requests: Amounts; readonly limits: Amounts }

function outOfRange({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, sides: Sides): string[] {
  return [
    ...each(min, (name, least) => tooLittle(type, name, least, sides)),
    ...each(max, (name, most) => tooMuch(type, name, most, sides)),
    ...each(maxLimitRequestRatio, (name, most) => tooFarApart(type, name, most, sides)),
  ]
}

function each(list: ResourceList | undefined, check: (name: string, amount: Quantity) => string | undefined): string[] {
  return [...amountsOf(list)]
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([name, amount]) => check(name, amount) ?? [])
}

function tooLittle(type: string, name: string, least: Quantity, { requests, limits }: Sides): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)]
  const rule = `minimum ${name} usage per ${type} is ${least.toString()}`
  if (request === undefined) return `${rule}.  No request is specified`
  if (request.compare(least) < 0) return `${rule}, but request is ${request.toString()}`
  return limit !== undefined && limit.compare(least) < 0 ? `${rule}, but limit is ${limit.toString()}` : undefined
}

function tooMuch(type: string, name: string, most: Quantity, { requests, limits }: Sides): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)]
  const rule = `maximum ${name} usage per ${type} is ${most.toString()}`
  if (limit === undefined) return `${rule}.  No limit is specified`
  if (limit.compare(most) > 0) return `${rule}, but limit is ${limit.toString()}`
  return request !== undefined && request.compare(most) > 0
    ? `${rule}, but request is ${request.toString()}`
    : undefined
}

function tooMuchAsked(type: string, name: string, most: Quantity, requests: Amounts): string | undefined {
  const request = requests.get(name)
  const rule = `maximum ${name} usage per ${type} is ${most.toString()}`
  if (request === undefined) return `${rule}.  No request is specified`
  return request.compare(most) > 0 ? `${rule}, but request is ${request.toString()}` : undefined
}

function tooFarApart(type: string, name: string, most: Quantity, { requests, limits }: Sides): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)]
  const rule = `${name} max limit to request ratio per ${type} is ${most.toString()}`
  if (request === undefined || request.isZero) return `${rule}, but no request is specified or request is 0`
  if (limit === undefined || limit.isZero) return `${rule}, but no limit is specified or limit is 0`
  const ratio = limit.toNumber() / request.toNumber()
  const isTooMuch = limit.nanos * parseQuantity("1").nanos > most.nanos * request.nanos
  return isTooMuch ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined
}

const together = (problems: readonly string[]) => {
  const texts = [...new Set(problems)]
  return texts.length < 2 ? texts[0] : `[${texts.join(", ")}]`
}
