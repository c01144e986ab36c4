// Amounts of several resources at once, by name: what quotas are reckoned in.
import type { ResourceList } from "#api/kubernetes/core.ts"
import { compareText } from "#apimachinery/json.ts"
import { parseQuantity, type Quantity } from "#apimachinery/quantity.ts"

export type Amounts = ReadonlyMap<string, Quantity>

export const ONE = parseQuantity("1")
export const ZERO = parseQuantity("0")

/** What is no quantity counts as none: stored objects have been validated. */
export function amountsOf(list: ResourceList | undefined): Map<string, Quantity> {
  const amounts = new Map<string, Quantity>()
  for (const [name, text] of Object.entries(list ?? {})) {
    try {
      amounts.set(name, parseQuantity(text))
    } catch {
      // Nothing to count.
    }
  }
  return amounts
}

export function sum(a: Amounts, b: Amounts): Map<string, Quantity> {
  const total = new Map(a)
  for (const [name, amount] of b) total.set(name, total.get(name)?.add(amount) ?? amount)
  return total
}

/** The larger of both, name by name. */
export function maximum(a: Amounts, b: Amounts): Map<string, Quantity> {
  const most = new Map(a)
  for (const [name, amount] of b) if (amount.compare(most.get(name) ?? ZERO) > 0) most.set(name, amount)
  return most
}

/** What `a` has more than `b`; what is less is left out. */
export function increase(a: Amounts, b: Amounts): Map<string, Quantity> {
  const more = new Map<string, Quantity>()
  for (const [name, amount] of a) {
    const difference = amount.subtract(b.get(name) ?? ZERO)
    if (difference.compare(ZERO) > 0) more.set(name, difference)
  }
  return more
}

export function only(amounts: Amounts, names: ReadonlySet<string>): Map<string, Quantity> {
  return new Map([...amounts].filter(([name]) => names.has(name)))
}

export function toList(amounts: Amounts): ResourceList {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]))
}

/** `cpu=1,pods=2`. */
export function textOf(amounts: Amounts): string {
  const sorted = [...amounts].toSorted(([a], [b]) => compareText(a, b))
  return sorted.map(([name, amount]) => `${name}=${amount.toString()}`).join(",")
}
