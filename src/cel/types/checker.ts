// Finds the type of every part of an expression and which overloads its calls may be of. Source: cel-go checker.
import { OPERATORS, type CallExpr, type ComprehensionExpr, type Expr, type SelectExpr } from "#cel/syntax/ast.ts"
import type { Issue } from "#cel/syntax/source.ts"
import { typeOf } from "#cel/values/type-of.ts"
import { candidateNames, type Environment, type FunctionDeclaration } from "./declarations.ts"
import { assign, assignAll, mostGeneral, substitute, type Mapping } from "./relations.ts"
import * as types from "./type.ts"
import {
  callText,
  isDyn,
  listType,
  mapType,
  optionalType,
  optionalValueType,
  typeParam,
  typeText,
  type Type,
} from "./type.ts"

/** What a name stands for: a variable, or a type. */
export type NameReference = { readonly name: string; readonly type: Type; readonly isType: boolean }

export type Checked = {
  readonly issues: readonly Issue[]
  /** The type of each part. */
  readonly types: ReadonlyMap<Expr, Type>
  /** Names and selections that stand for a variable or a type. */
  readonly names: ReadonlyMap<Expr, NameReference>
  /** Calls, with the overloads that they may be of, and the function's full name when the target is part of it. */
  readonly calls: ReadonlyMap<CallExpr, CallReference>
}

export type CallReference = {
  readonly declaration: FunctionDeclaration
  readonly overloads: readonly string[]
  /** What looked like a target is a part of the function's name: `sets.contains`. */
  readonly qualified: boolean
}

export function check(expr: Expr, environment: Environment): Checked {
  const checker = new Checker(environment)
  checker.check(expr)
  return checker.result()
}

/** `a.b.c` for a chain of selections from a name, otherwise undefined. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === "ident") return expr.name
  if (expr.kind !== "select" || expr.testOnly) return undefined
  const operand = qualifiedName(expr.operand)
  return operand === undefined ? undefined : `${operand}.${expr.field}`
}

class Checker {
  readonly #environment: Environment
  readonly #issues: Issue[] = []
  readonly #types = new Map<Expr, Type>()
  readonly #names = new Map<Expr, NameReference>()
  readonly #calls = new Map<CallExpr, CallReference>()
  readonly #scopes: Map<string, Type>[] = []
  #mapping: Mapping = new Map()
  #params = 0

  constructor(environment: Environment) {
    this.#environment = environment
  }

  result(): Checked {
    const known = new Map<Expr, Type>()
    for (const [expr, type] of this.#types) known.set(expr, substitute(this.#mapping, type, true))
    return { issues: this.#issues, types: known, names: this.#names, calls: this.#calls }
  }

  check(expr: Expr): Type {
    const type = this.#typeOf(expr)
    this.#types.set(expr, type)
    return type
  }

  #report(at: { readonly offset: number }, message: string): Type {
    this.#issues.push({ offset: at.offset, message })
    return types.ERROR
  }

  #typeOf(expr: Expr): Type {
    switch (expr.kind) {
      case "literal":
        return typeOf(expr.value)
      case "ident":
        return this.#name(expr, expr.name) ?? this.#undeclared(expr, expr.name)
      case "select":
        return this.#select(expr)
      case "call":
        return this.#call(expr)
      case "list":
        return this.#list(expr)
      case "map":
        return this.#map(expr)
      case "struct":
        for (const field of expr.fields) this.check(field.value)
        return this.#undeclared(expr, expr.typeName)
      case "comprehension":
        return this.#comprehension(expr)
    }
  }

  #undeclared(at: Expr, name: string): Type {
    return this.#report(at, `undeclared reference to '${name}' (in container '${this.#environment.container}')`)
  }

  #name(expr: Expr, name: string): Type | undefined {
    for (const candidate of candidateNames(this.#environment.container, name)) {
      const found = this.#lookUp(candidate)
      if (found === undefined) continue
      this.#names.set(expr, found)
      return found.type
    }
    return undefined
  }

  #lookUp(name: string): NameReference | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const type = this.#scopes[i]!.get(name)
      if (type !== undefined) return { name, type, isType: false }
    }
    const variable = this.#environment.variables.get(name)
    if (variable !== undefined) return { name, type: variable, isType: false }
    const named = this.#environment.typeNames.get(name)
    if (named !== undefined) return { name, type: types.typeOfType(named), isType: true }
    if (this.#environment.types.fieldsOf(name) === undefined) return undefined
    return { name, type: types.typeOfType(types.structType(name)), isType: true }
  }

  #select(expr: SelectExpr): Type {
    const name = qualifiedName(expr)
    const named = name === undefined ? undefined : this.#name(expr, name)
    if (named !== undefined) return named
    const type = this.#field(expr, expr.operand, expr.field, false)
    return expr.testOnly ? types.BOOL : substitute(this.#mapping, type, false)
  }

  #field(at: Expr, operand: Expr, field: string, optional: boolean): Type {
    const operandType = substitute(this.#mapping, this.check(operand), false)
    const inner = optionalValueType(operandType)
    const type = this.#fieldOf(at, inner ?? operandType, field)
    return inner !== undefined || optional ? optionalType(type) : type
  }

  #fieldOf(at: Expr, target: Type, field: string): Type {
    switch (target.kind) {
      case "map":
        return target.params[1]!
      case "struct": {
        const fields = this.#environment.types.fieldsOf(target.name)
        if (fields === undefined) return this.#report(at, `unexpected failed resolution of '${target.name}'`)
        return fields.get(field) ?? this.#report(at, `undefined field '${field}'`)
      }
      case "param":
        this.#assign(types.DYN, target)
        return types.DYN
      default:
        if (!isDyn(target) && target.kind !== "error")
          this.#report(at, `type '${typeText(target)}' does not support field selection`)
        return types.DYN
    }
  }

  #call(expr: CallExpr): Type {
    if (expr.function === OPERATORS.optSelect) {
      const [operand, field] = expr.args
      const name = field!.kind === "literal" ? String(field!.value) : ""
      this.#types.set(field!, types.STRING)
      return substitute(this.#mapping, this.#field(expr, operand!, name, true), false)
    }
    const args = expr.args.map((arg) => this.check(arg))
    if (expr.target === undefined) {
      const declaration = this.#function(expr.function)
      if (declaration === undefined) return this.#undeclared(expr, expr.function)
      return this.#resolve(expr, declaration, args, false, false)
    }
    const prefix = qualifiedName(expr.target)
    const full = prefix === undefined ? undefined : this.#function(`${prefix}.${expr.function}`)
    if (full !== undefined) return this.#resolve(expr, full, args, false, true)
    const target = this.check(expr.target)
    const declaration = this.#function(expr.function)
    if (declaration === undefined) return this.#undeclared(expr, expr.function)
    return this.#resolve(expr, declaration, [target, ...args], true, false)
  }

  #function(name: string): FunctionDeclaration | undefined {
    for (const candidate of candidateNames(this.#environment.container, name)) {
      const declaration = this.#environment.functions.get(candidate)
      if (declaration !== undefined) return declaration
    }
    return undefined
  }

  #resolve(
    expr: CallExpr,
    declaration: FunctionDeclaration,
    args: Type[],
    isMember: boolean,
    qualified: boolean,
  ): Type {
    if (declaration.name === OPERATORS.and || declaration.name === OPERATORS.or) {
      return this.#logic(expr, declaration, args)
    }
    const fitting: string[] = []
    let result: Type | undefined
    for (const candidate of declaration.overloads) {
      if (candidate.member !== isMember) continue
      const fresh = this.#freshParams([candidate.result, ...candidate.args])
      const mapping = assignAll(this.#mapping, args, fresh.slice(1))
      if (mapping === undefined) continue
      this.#mapping = mapping
      fitting.push(candidate.id)
      const own = substitute(mapping, fresh[0]!, false)
      if (result === undefined) result = own
      else if (!isDyn(result) && !types.sameType(own, result)) result = types.DYN
    }
    if (result === undefined) {
      const given = args.map((arg) => substitute(this.#mapping, arg, true))
      const applied = callText(given, isMember)
      return this.#report(expr, `found no matching overload for '${declaration.name}' applied to '${applied}'`)
    }
    this.#calls.set(expr, { declaration, overloads: fitting, qualified })
    return result
  }

  #logic(expr: CallExpr, declaration: FunctionDeclaration, args: Type[]): Type {
    let wrong = false
    for (const [i, arg] of args.entries()) {
      if (this.#assign(arg, types.BOOL)) continue
      this.#mismatch(expr.args[i]!, types.BOOL, arg)
      wrong = true
    }
    if (wrong) return types.ERROR
    this.#calls.set(expr, { declaration, overloads: [declaration.overloads[0]!.id], qualified: false })
    return types.BOOL
  }

  /** Type parameters of a declaration are of each call anew. */
  #freshParams(declared: readonly Type[]): Type[] {
    const fresh = new Map<string, Type>()
    const visit = (type: Type) => {
      if (type.kind === "param" && !fresh.has(type.name)) fresh.set(type.name, this.#newParam())
      type.params.forEach(visit)
    }
    declared.forEach(visit)
    return fresh.size === 0 ? [...declared] : declared.map((type) => substitute(fresh, type, false))
  }

  #newParam(): Type {
    return typeParam(`_var${this.#params++}`)
  }

  #assign(a: Type, b: Type): boolean {
    const mapping = assign(this.#mapping, a, b)
    if (mapping !== undefined) this.#mapping = mapping
    return mapping !== undefined
  }

  #mismatch(at: Expr, expected: Type, actual: Type): void {
    this.#report(at, `expected type '${typeText(expected)}' but found '${typeText(actual)}'`)
  }

  #list(expr: Expr & { kind: "list" }): Type {
    let joined: Type | undefined
    for (const [i, element] of expr.elements.entries()) {
      const type = this.check(element)
      joined = this.#join(joined, expr.optional.has(i) ? this.#unwrap(element, type) : type)
    }
    return listType(joined ?? this.#newParam())
  }

  #map(expr: Expr & { kind: "map" }): Type {
    let keys: Type | undefined
    let values: Type | undefined
    for (const { key, value, optional } of expr.entries) {
      keys = this.#join(keys, this.check(key))
      const type = this.check(value)
      values = this.#join(values, optional ? this.#unwrap(value, type) : type)
    }
    return mapType(keys ?? this.#newParam(), values ?? this.#newParam())
  }

  #unwrap(at: Expr, type: Type): Type {
    const inner = optionalValueType(type)
    if (inner === undefined && !isDyn(type)) this.#mismatch(at, optionalType(type), type)
    return inner ?? type
  }

  #join(previous: Type | undefined, current: Type): Type {
    if (previous === undefined) return current
    if (this.#assign(previous, current)) return mostGeneral(previous, current)
    // Mixed lists are well typed; `checkLiterals` refuses most of them.
    return types.DYN
  }

  #comprehension(expr: ComprehensionExpr): Type {
    const range = substitute(this.#mapping, this.check(expr.iterRange), false)
    const accumulator = this.check(expr.accuInit)
    this.#scopes.push(new Map([[expr.accuVar, accumulator]]))
    const [first, second] = this.#loopTypes(expr, range)
    const variables = new Map([[expr.iterVar, first]])
    if (expr.iterVar2 !== undefined) variables.set(expr.iterVar2, second)
    this.#scopes.push(variables)
    this.#want(expr.condition, types.BOOL)
    this.#want(expr.step, accumulator)
    this.#scopes.pop()
    const result = this.check(expr.result)
    this.#scopes.pop()
    return substitute(this.#mapping, result, false)
  }

  #loopTypes(expr: ComprehensionExpr, range: Type): [Type, Type] {
    const two = expr.iterVar2 !== undefined
    switch (range.kind) {
      case "list":
        return two ? [types.INT, range.params[0]!] : [range.params[0]!, types.DYN]
      case "map":
        return [range.params[0]!, range.params[1]!]
      case "dyn":
      case "any":
      case "error":
      case "param":
        this.#assign(types.DYN, range)
        return [types.DYN, types.DYN]
      default: {
        const why = `expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`
        this.#report(expr.iterRange, why)
        return [types.ERROR, types.ERROR]
      }
    }
  }

  #want(expr: Expr, type: Type): void {
    const actual = this.check(expr)
    if (!this.#assign(type, actual)) this.#mismatch(expr, type, actual)
  }
}
