/** The least and the most that something may cost, or how large it may be. Nothing is larger than {@link COST_MAX}. */
export type Range = { readonly min: number; readonly max: number }

/** The largest cost there is: what 64 bits hold. Near it a double is not exact, and nobody needs it to be. */
export const COST_MAX = 2 ** 64 - 1

const cap = (value: number) => (value >= COST_MAX || Number.isNaN(value) ? COST_MAX : value)

export const exactly = (value: number): Range => ({ min: value, max: value })
export const ONE = exactly(1)
export const NOTHING = exactly(0)
export const UNKNOWN: Range = { min: 0, max: COST_MAX }

export const add = (a: Range, b: Range): Range => ({ min: cap(a.min + b.min), max: cap(a.max + b.max) })
export const multiply = (a: Range, b: Range): Range => ({ min: product(a.min, b.min), max: product(a.max, b.max) })
export const scale = (a: Range, factor: number): Range => ({
  min: cap(Math.ceil(a.min * factor)),
  max: cap(Math.ceil(a.max * factor)),
})
export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })
export const sum = (ranges: readonly Range[]): Range => ranges.reduce(add, NOTHING)

/** Nothing times anything is nothing. */
export const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : cap(a * b))
