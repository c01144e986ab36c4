// Turns a checked expression into closures, once, so that evaluating it costs little.
import { OPERATORS, type CallExpr, type Expr } from "#cel/syntax/ast.ts"
import { qualifiedName, type Checked } from "#cel/types/checker.ts"
import { candidateNames, type Environment } from "#cel/types/declarations.ts"
import { structType } from "#cel/types/type.ts"
import { callCost } from "#cel/cost/call-cost.ts"
import { equal } from "#cel/values/equality.ts"
import {
  ArrayList,
  CelError,
  EntryMap,
  isError,
  keyOf,
  noSuchOverload,
  OptionalValue,
  TypeValue,
  type Value,
} from "#cel/values/value.ts"
import { valueText } from "#cel/values/numbers.ts"
import { attributeStep, conditionalAttribute, newAttribute, presenceOf, type Attribute } from "./attribute.ts"
import { callerOf, type Caller } from "./caller.ts"
import { planLoop } from "./loop.ts"
import { PlanError, spend, UNSET, type Frame, type Step } from "./frame.ts"
import { constantMembers } from "./membership.ts"

/** A planned part: what it does, and what the part around it may want to know of it. */
export type Planned = {
  readonly step: Step
  /** The part is a way that may go on. */
  readonly attribute?: Attribute
  /** The part is a constant. */
  readonly constant?: { readonly value: Value }
}

export type Plan = {
  readonly step: Step
  readonly slotCount: number
  /** Slots of the variables of the environment. */
  readonly slots: ReadonlyMap<string, number>
}

const LIST_COST = 10
const MAP_COST = 30

const CONVERSIONS = new Set([
  "bool",
  "bytes",
  "double",
  "duration",
  "dyn",
  "int",
  "string",
  "timestamp",
  "type",
  "uint",
])

/**
 * @param checked  undefined for an expression that was not checked: everything is found out when it is evaluated
 * @throws PlanError
 */
export function plan(expr: Expr, environment: Environment, checked: Checked | undefined): Plan {
  const planner = new Planner(environment, checked)
  const { step } = planner.plan(expr)
  return { step, slotCount: planner.slotCount, slots: planner.globals }
}

const constantOf = (value: Value): Planned => ({ step: () => value, constant: { value } })

export class Planner {
  readonly globals = new Map<string, number>()
  slotCount = 0
  readonly #environment: Environment
  readonly #checked: Checked | undefined
  readonly #scopes: Map<string, { slot: number; init: Step | undefined }>[] = []

  constructor(environment: Environment, checked: Checked | undefined) {
    this.#environment = environment
    this.#checked = checked
  }

  newSlot(): number {
    return this.slotCount++
  }

  /** Plans with local variables. @param init  how the value comes to be that is not set when it is asked for */
  within<T>(variables: readonly { name: string; slot: number; init?: Step }[], work: () => T): T {
    this.#scopes.push(new Map(variables.map(({ name, slot, init }) => [name, { slot, init }])))
    const result = work()
    this.#scopes.pop()
    return result
  }

  plan(expr: Expr): Planned {
    switch (expr.kind) {
      case "literal":
        return constantOf(expr.value)
      case "ident":
        return this.#name(expr, expr.name) ?? this.#unknownName(expr.name)
      case "select":
        return this.#select(expr)
      case "call":
        return this.#call(expr)
      case "list":
        return this.#list(expr)
      case "map":
        return this.#map(expr)
      case "struct":
        throw new PlanError(`unknown type: ${expr.typeName}`)
      case "comprehension":
        return { step: planLoop(expr, this) }
    }
  }

  #unknownName(name: string): Planned {
    if (this.#checked !== undefined) throw new PlanError(`reference to undefined name: ${name}`)
    const error = new CelError(`no such attribute(s): ${name}`)
    return { step: () => error }
  }

  #name(expr: Expr, written: string): Planned | undefined {
    if (this.#checked === undefined) return this.#uncheckedName(written)
    const reference = this.#checked.names.get(expr)
    if (reference === undefined) return undefined
    if (!reference.isType) return this.#variable(reference.name)
    return constantOf(new TypeValue(reference.type.params[0]!))
  }

  #uncheckedName(written: string): Planned | undefined {
    const { variables, typeNames, types, container } = this.#environment
    for (const name of candidateNames(container, written)) {
      if (variables.has(name) || this.#scopes.some((scope) => scope.has(name))) return this.#variable(name)
      const type = typeNames.get(name) ?? (types.fieldsOf(name) === undefined ? undefined : structType(name))
      if (type !== undefined) return constantOf(new TypeValue(type))
    }
    return undefined
  }

  #variable(name: string): Planned {
    const attribute = newAttribute(this.#slotStep(name))
    return { step: attributeStep(attribute), attribute }
  }

  #slotStep(name: string): Step {
    const local = this.#scopes.findLast((scope) => scope.has(name))?.get(name)
    if (local !== undefined) {
      const { slot, init } = local
      if (init === undefined) return ({ slots }) => slots[slot] as Value
      return (frame) => {
        const value = frame.slots[slot]
        if (value !== UNSET) return value as Value
        // Set before it is known: a loop's first step sees its start and no later one does.
        const start = init(frame)
        frame.slots[slot] = start
        return start
      }
    }
    let slot = this.globals.get(name)
    if (slot === undefined) {
      slot = this.newSlot()
      this.globals.set(name, slot)
    }
    const own = slot
    const missing = new CelError(`no such attribute(s): ${name}`)
    return ({ slots }) => (slots[own] === undefined ? missing : (slots[own] as Value))
  }

  #attributeOf({ attribute, step }: Planned): Attribute {
    return attribute ?? newAttribute(step)
  }

  #select(expr: Expr & { kind: "select" }): Planned {
    const name = qualifiedName(expr)
    const named = name === undefined ? undefined : this.#name(expr, name)
    if (named !== undefined) return named
    const attribute = this.#attributeOf(this.plan(expr.operand))
    attribute.qualify({ key: expr.field, optional: false, testOnly: expr.testOnly })
    if (!expr.testOnly) return { step: attributeStep(attribute), attribute }
    // The test itself is free: its steps alone count.
    return { step: (frame) => presenceOf(attribute.resolve(frame)) }
  }

  #call(expr: CallExpr): Planned {
    const reference = this.#checked?.calls.get(expr)
    const qualified = reference?.qualified ?? (this.#checked === undefined && this.#isQualified(expr))
    const target = expr.target === undefined || qualified ? [] : [this.plan(expr.target)]
    const args = [...target, ...expr.args.map((arg) => this.plan(arg))]
    switch (expr.function) {
      case OPERATORS.and:
        return { step: logicStep(args[0]!.step, args[1]!.step, false) }
      case OPERATORS.or:
        return { step: logicStep(args[0]!.step, args[1]!.step, true) }
      case OPERATORS.conditional: {
        const [condition, truthy, falsy] = args as [Planned, Planned, Planned]
        const attribute = conditionalAttribute(condition.step, this.#attributeOf(truthy), this.#attributeOf(falsy))
        return { step: attributeStep(attribute), attribute }
      }
      case OPERATORS.index:
      case OPERATORS.optIndex:
      case OPERATORS.optSelect:
        return this.#index(args[0]!, args[1]!, expr.function !== OPERATORS.index)
      case "or":
      case "orValue":
        if (target.length === 1 && args.length === 2)
          return { step: orStep(args[0]!.step, args[1]!.step, expr.function) }
    }
    return this.#function(expr, callerOf(expr, this.#environment, reference, qualified), args)
  }

  /** Of an expression that was not checked: whether the target is a namespace. */
  #isQualified({ target, function: name }: CallExpr): boolean {
    const prefix = target && qualifiedName(target)
    return prefix !== undefined && this.#environment.functions.has(`${prefix}.${name}`)
  }

  #index(operand: Planned, index: Planned, optional: boolean): Planned {
    const attribute = this.#attributeOf(operand)
    const key = index.constant === undefined ? (index.attribute?.resolve ?? index.step) : index.constant.value
    attribute.qualify({ key, optional, testOnly: false })
    return { step: attributeStep(attribute), attribute }
  }

  #function(expr: CallExpr, caller: Caller, args: readonly Planned[]): Planned {
    const [first, second] = args
    if (caller.overload === "in_list" && second!.constant !== undefined) {
      const members = constantMembers(second!.constant.value)
      if (members !== undefined)
        return members.size === 0 ? constantOf(false) : { step: membershipStep(first!.step, members) }
    }
    if (CONVERSIONS.has(expr.function) && args.length === 1 && first!.constant !== undefined) {
      const value = caller.call(first!.constant.value)
      if (isError(value)) throw new PlanError(value.message)
      return constantOf(value)
    }
    caller.checkConstants?.(args.map((arg) => arg.constant?.value))
    return {
      step: callStep(
        caller,
        args.map((arg) => arg.step),
      ),
    }
  }

  #list(expr: Expr & { kind: "list" }): Planned {
    const elements = expr.elements.map((element) => this.plan(element))
    const build = (frame: Frame): Value => {
      const values: Value[] = []
      for (const [i, { step }] of elements.entries()) {
        const value = step(frame)
        if (isError(value)) return value
        if (!expr.optional.has(i)) values.push(value)
        else if (!(value instanceof OptionalValue)) {
          return new CelError(`cannot initialize optional list element from non-optional value ${valueText(value)}`)
        } else if (value.value !== undefined) values.push(value.value)
      }
      return new ArrayList(values)
    }
    return this.#literal(elements, build, LIST_COST)
  }

  #map(expr: Expr & { kind: "map" }): Planned {
    const entries = expr.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }))
    const build = (frame: Frame): Value => {
      const built: [Value, Value][] = []
      const seen = new Set<unknown>()
      for (const { key, value, optional } of entries) {
        const own = key.step(frame)
        if (isError(own)) return own
        const content = value.step(frame)
        if (isError(content)) return content
        const normal = typeof own === "number" ? undefined : keyOf(own)
        if (normal === undefined) return new CelError(`unsupported key type`)
        if (seen.has(normal)) return new CelError(`Failed with repeated key`)
        seen.add(normal)
        if (!optional) built.push([own, content])
        else if (!(content instanceof OptionalValue)) {
          const what = `'${valueText(own)}' from non-optional value ${valueText(content)}`
          return new CelError(`cannot initialize optional entry ${what}`)
        } else if (content.value !== undefined) built.push([own, content.value])
      }
      return new EntryMap(built)
    }
    return this.#literal(
      entries.flatMap(({ key, value }) => [key, value]),
      build,
      MAP_COST,
    )
  }

  /** One of constants only is made once, and costs nothing. */
  #literal(parts: readonly Planned[], build: Step, cost: number): Planned {
    if (parts.every((part) => part.constant !== undefined)) {
      const value = build({ slots: [], cost: 0, costMax: Infinity })
      if (isError(value)) throw new PlanError(value.message)
      return constantOf(value)
    }
    return {
      step(frame) {
        const value = build(frame)
        spend(frame, cost)
        return value
      },
    }
  }
}

/** `&&` and `||`: an error counts only when the other side does not decide. */
function logicStep(left: Step, right: Step, decides: boolean): Step {
  return (frame) => {
    const a = left(frame)
    if (a === decides) return decides
    const b = right(frame)
    if (b === decides) return decides
    if (a !== !decides) return noSuchOverload(a)
    return b === !decides ? b : noSuchOverload(b)
  }
}

function orStep(left: Step, right: Step, name: "or" | "orValue"): Step {
  return (frame) => {
    const value = left(frame)
    if (!(value instanceof OptionalValue)) return noSuchOverload(value)
    if (value.value === undefined) return right(frame)
    return name === "or" ? value : value.value
  }
}

function membershipStep(element: Step, members: ReadonlySet<unknown>): Step {
  return (frame) => {
    const value = element(frame)
    if (isError(value)) return value
    return members.has(typeof value === "number" && !Number.isInteger(value) ? value : keyOf(value))
  }
}

function callStep(caller: Caller, args: readonly Step[]): Step {
  const cost = callCost(caller.name, caller.overload)
  const [first, second] = args
  const { call } = caller
  if (args.length === 0) {
    return (frame) => {
      const value = call()
      spend(frame, cost([], value))
      return value
    }
  }
  if (args.length === 1) {
    return (frame) => {
      const a = first!(frame)
      const value = isError(a) && !caller.nonStrict ? a : call(a)
      spend(frame, cost([a], value))
      return value
    }
  }
  if (args.length === 2) {
    const isEquality = caller.name === OPERATORS.equals
    return (frame) => {
      const a = first!(frame)
      const b = second!(frame)
      const value = isError(a) ? a : isError(b) ? b : isEquality ? equal(a, b) : call(a, b)
      spend(frame, cost([a, b], value))
      return value
    }
  }
  return (frame) => {
    const values: Value[] = []
    for (const arg of args) {
      const value = arg(frame)
      if (isError(value)) return value
      values.push(value)
    }
    const value = call(...values)
    spend(frame, cost(values, value))
    return value
  }
}
