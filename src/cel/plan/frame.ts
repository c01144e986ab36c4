import type { Value } from "#cel/values/value.ts"

/** The expression cost more than it may. */
export class CostLimitExceeded extends Error {
  override readonly name = "CostLimitExceeded"

  constructor() {
    super("operation cancelled: actual cost limit exceeded")
  }
}

/** An expression that is well typed and can still not be run: a constant part of it fails. */
export class PlanError extends Error {
  override readonly name = "PlanError"
}

/** The value of a variable that is computed when it is first asked for. */
export const UNSET = Symbol("unset")

/** One evaluation: the values of variables, and what it has cost so far. */
export type Frame = {
  readonly slots: (Value | typeof UNSET | undefined)[]
  cost: number
  readonly costMax: number
}

/** A planned part of an expression. */
export type Step = (frame: Frame) => Value

/** @throws CostLimitExceeded */
export function spend(frame: Frame, cost: number): void {
  frame.cost += cost
  if (frame.cost > frame.costMax) throw new CostLimitExceeded()
}
