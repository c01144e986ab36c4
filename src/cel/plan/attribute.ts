// Ways from a variable, or from a computed value, to a part of it: `self.list[0].?name`. Costs are counted as cel-go counts
// them: one for the way, and one for each of its steps that is taken.
import { valueText } from "#cel/values/numbers.ts"
import { partOf } from "#cel/values/part.ts"
import { CelError, isError, ListValue, noSuchOverload, OptionalValue, type Value } from "#cel/values/value.ts"
import { spend, type Frame, type Step } from "./frame.ts"

/** One step on the way. */
export type Qualifier = {
  readonly optional: boolean
  /** Only whether there is such a part is asked: `has(a.b)`. */
  readonly testOnly: boolean
  /** The name, index or key; an attribute's own cost is not counted when it is one. */
  readonly key: Value | Step
}

export type Attribute = {
  /** The value at the end of the way, without the cost of the way itself. */
  readonly resolve: Step
  readonly qualify: (qualifier: Qualifier) => void
  /** The cost of the way itself. */
  readonly cost: 0 | 1
}

/** A way that starts at the value of `base`. */
export function newAttribute(base: Step): Attribute {
  const qualifiers: Qualifier[] = []
  return {
    cost: 1,
    qualify: (qualifier) => void qualifiers.push(qualifier),
    resolve(frame) {
      const value = base(frame)
      return isError(value) ? value : applyQualifiers(frame, value, qualifiers)
    },
  }
}

/** `condition ? a : b` as a way: steps that follow go on from whichever it is. */
export function conditionalAttribute(condition: Step, truthy: Attribute, falsy: Attribute): Attribute {
  return {
    cost: 0,
    qualify(qualifier) {
      truthy.qualify(qualifier)
      falsy.qualify(qualifier)
    },
    resolve(frame) {
      const value = condition(frame)
      if (value === true) return truthy.resolve(frame)
      return value === false ? falsy.resolve(frame) : noSuchOverload(value)
    },
  }
}

/** The step that takes the whole way. */
export function attributeStep({ resolve, cost }: Attribute): Step {
  return (frame) => {
    const value = resolve(frame)
    spend(frame, cost)
    return value
  }
}

function applyQualifiers(frame: Frame, start: Value, qualifiers: readonly Qualifier[]): Value {
  let value = start
  let optional = false
  if (value instanceof OptionalValue) {
    if (value.value === undefined) return value
    value = value.value
    optional = true
  }
  for (const qualifier of qualifiers) {
    optional ||= qualifier.optional
    const next = qualify(frame, value, qualifier, optional)
    if (next === undefined) return OptionalValue.none
    if (isError(next)) return next
    value = next
  }
  return optional ? new OptionalValue(value) : value
}

/** @returns undefined for a part that is not there, when it need not be */
function qualify(frame: Frame, value: Value, qualifier: Qualifier, optional: boolean): Value | undefined {
  const { testOnly } = qualifier
  const key = typeof qualifier.key === "function" ? qualifier.key(frame) : qualifier.key
  const part = isError(key) ? key : partOf(value, key)
  if (part === undefined) {
    if (testOnly) spend(frame, 1)
    if (optional) return undefined
    if (!testOnly) spend(frame, 1)
    return testOnly ? false : missing(value, key)
  }
  spend(frame, 1)
  return testOnly && !isError(part) ? true : part
}

function missing(value: Value, key: Value): CelError {
  if (value instanceof ListValue) return new CelError(`index out of bounds: ${valueText(key)}`)
  return new CelError(`no such key: ${valueText(key)}`)
}

/** What is the value of `has(…)` when the way to it passed an optional. */
export function presenceOf(value: Value): Value {
  return value instanceof OptionalValue ? value.value !== undefined : value
}
