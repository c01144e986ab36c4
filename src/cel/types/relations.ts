// Which types may stand for which, and what type parameters stand for. Source: cel-go checker/types.go.
import { DYN, isDyn, sameType, type Type } from "./type.ts"

/** What type parameters stand for, by their names. */
export type Mapping = ReadonlyMap<string, Type>

/** @returns the mapping extended such that `b` may be used where `a` is wanted; undefined when it may not */
export function assign(mapping: Mapping, a: Type, b: Type): Mapping | undefined {
  const extended = new Map(mapping)
  return isAssignable(extended, a, b) ? extended : undefined
}

export function assignAll(mapping: Mapping, as: readonly Type[], bs: readonly Type[]): Mapping | undefined {
  const extended = new Map(mapping)
  return areAssignable(extended, as, bs) ? extended : undefined
}

function areAssignable(mapping: Map<string, Type>, as: readonly Type[], bs: readonly Type[]): boolean {
  return as.length === bs.length && as.every((a, i) => isAssignable(mapping, a, bs[i]!))
}

function isAssignable(mapping: Map<string, Type>, a: Type, b: Type): boolean {
  if (b.kind === "param") {
    const { valid, known } = substitutes(mapping, a, b)
    if (valid) return true
    if (known) return false
  }
  if (a.kind === "param") return substitutes(mapping, b, a).valid
  if (isDyn(a) || isDyn(b) || a.kind === "error" || b.kind === "error") return true
  if (a.kind === "null") return takesNull(b)
  if (b.kind === "null") return takesNull(a)
  switch (a.kind) {
    case "type":
      return b.kind === "type"
    case "opaque":
    case "list":
    case "map":
      return a.kind === b.kind && a.name === b.name && areAssignable(mapping, a.params, b.params)
    default:
      return a.kind === b.kind && a.name === b.name
  }
}

/** Types of messages and of libraries have null among their values. */
function takesNull(type: Type): boolean {
  return ["null", "opaque", "struct", "any", "duration", "timestamp"].includes(type.kind)
}

/** Whether the parameter may stand for `type`; if nothing is known of it yet, it does from here on. */
function substitutes(mapping: Map<string, Type>, type: Type, param: Type): { valid: boolean; known: boolean } {
  if (sameType(type, param)) return { valid: true, known: true }
  const current = mapping.get(param.name)
  if (current !== undefined) {
    if (sameType(type, current)) return { valid: true, known: true }
    if (!isAssignable(mapping, type, current)) return { valid: false, known: true }
    const general = mostGeneral(type, current)
    if (isFreeOf(mapping, param, general)) mapping.set(param.name, general)
    return { valid: true, known: true }
  }
  if (!isFreeOf(mapping, param, type)) return { valid: false, known: false }
  mapping.set(param.name, type)
  return { valid: true, known: false }
}

function isFreeOf(mapping: Mapping, param: Type, type: Type): boolean {
  if (sameType(param, type)) return false
  if (type.kind === "param") {
    const current = mapping.get(type.name)
    return current === undefined || isFreeOf(mapping, param, current)
  }
  return type.params.every((inner) => isFreeOf(mapping, param, inner))
}

/** The one of two types that says less. */
export function mostGeneral(a: Type, b: Type): Type {
  return isLessSpecific(a, b) ? a : b
}

function isLessSpecific(a: Type, b: Type): boolean {
  if (isDyn(a) || a.kind === "param") return true
  if (isDyn(b) || b.kind === "param" || a.kind !== b.kind) return false
  if (a.kind === "type") return true
  if (a.name !== b.name || a.params.length !== b.params.length) return false
  return a.params.every((param, i) => isLessSpecific(param, b.params[i]!))
}

/**
 * The type with what its parameters stand for.
 *
 * @param freeAsDyn  parameters that stand for nothing become `dyn`
 */
export function substitute(mapping: Mapping, type: Type, freeAsDyn: boolean): Type {
  if (type.kind === "param") {
    const current = mapping.get(type.name)
    if (current !== undefined) return substitute(mapping, current, freeAsDyn)
    return freeAsDyn ? DYN : type
  }
  if (type.params.length === 0) return type
  return { ...type, params: type.params.map((param) => substitute(mapping, param, freeAsDyn)) }
}
