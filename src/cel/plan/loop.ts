import { UNUSED, type ComprehensionExpr, type Expr } from "#cel/syntax/ast.ts"
import { typeOf } from "#cel/values/type-of.ts"
import { ArrayList, CelError, EntryMap, isError, ListValue, MapValue, type Value } from "#cel/values/value.ts"
import { UNSET, type Frame, type Step } from "./frame.ts"

/** What the planner does for a loop. */
type Planning = {
  plan(expr: Expr): { readonly step: Step }
  newSlot(): number
  within<T>(variables: readonly { name: string; slot: number; init?: Step }[], work: () => T): T
}

export function planLoop(expr: ComprehensionExpr, planner: Planning): Step {
  const range = planner.plan(expr.iterRange).step
  const start = planner.plan(expr.accuInit).step
  const [first, second, accumulator] = [planner.newSlot(), planner.newSlot(), planner.newSlot()]
  // What is bound may be seen more than once; the accumulator of a loop only by its own steps, and may grow in place.
  const isLoop = expr.iterVar !== UNUSED
  const init: Step = isLoop ? (frame) => growing(start(frame)) : start
  const accumulated = { name: expr.accuVar, slot: accumulator, init }
  const variables = [{ name: expr.iterVar, slot: first }]
  if (expr.iterVar2 !== undefined) variables.push({ name: expr.iterVar2, slot: second })
  const { condition, step } = planner.within([accumulated], () =>
    planner.within(variables, () => ({
      condition: planner.plan(expr.condition).step,
      step: planner.plan(expr.step).step,
    })),
  )
  const result = planner.within([accumulated], () => planner.plan(expr.result).step)
  const turn = (frame: Frame): boolean => {
    if (condition(frame) === false) return false
    frame.slots[accumulator] = step(frame)
    return true
  }
  const loop = expr.iterVar2 === undefined ? loopOne(first, turn) : loopTwo(first, second, turn)
  return (frame) => {
    const values = range(frame)
    if (isError(values)) return values
    frame.slots[accumulator] = UNSET
    const error = loop(frame, values)
    return error ?? frozen(result(frame))
  }
}

type Turn = (frame: Frame) => boolean
type Loop = (frame: Frame, range: Value) => CelError | undefined

/** Over elements, or keys. */
function loopOne(slot: number, turn: Turn): Loop {
  return (frame, range) => {
    const values = range instanceof ListValue ? range : range instanceof MapValue ? range.keys() : undefined
    if (values === undefined) return new CelError(`got '${typeOf(range).name}', expected iterable type`)
    for (const value of values) {
      frame.slots[slot] = value
      if (!turn(frame)) break
    }
    return undefined
  }
}

/** Over indices and elements, or keys and values. */
function loopTwo(first: number, second: number, turn: Turn): Loop {
  return (frame, range) => {
    if (range instanceof ListValue) {
      for (let i = 0; i < range.size; i++) {
        frame.slots[first] = BigInt(i)
        frame.slots[second] = range.at(i)
        if (!turn(frame)) break
      }
    } else if (range instanceof MapValue) {
      for (const key of range.keys()) {
        frame.slots[first] = key
        frame.slots[second] = range.find(key)
        if (!turn(frame)) break
      }
    } else return new CelError(`unsupported comprehension range type: ${typeOf(range).name}`)
    return undefined
  }
}

function growing(start: Value): Value {
  if (start instanceof ListValue && start.size === 0) return ArrayList.growing()
  return start instanceof MapValue && start.size === 0 ? EntryMap.growing() : start
}

function frozen(value: Value): Value {
  return value instanceof ArrayList || value instanceof EntryMap ? value.frozen() : value
}
