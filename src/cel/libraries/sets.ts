// Lists as sets. Source: cel-go ext/sets.go.
import { BOOL, listType } from "#cel/types/type.ts"
import { contains } from "#cel/values/equality.ts"
import type { ListValue } from "#cel/values/value.ts"
import { declare, overload, T, type Call, type FunctionDeclaration } from "./declare.ts"

const LIST = listType(T)

const containsAll: Call = (list, wanted) => {
  for (const element of wanted as ListValue) {
    const found = contains(list as ListValue, element)
    if (found !== true) return found
  }
  return true
}

const equivalent: Call = (a, b) => {
  const all = containsAll(a!, b!)
  return all === true ? containsAll(b!, a!) : all
}

const intersects: Call = (a, b) => {
  for (const element of a as ListValue) if (contains(b as ListValue, element) === true) return true
  return false
}

export const SETS_LIBRARY: readonly FunctionDeclaration[] = [
  declare("sets.contains", overload("list_sets_contains_list", [LIST, LIST], BOOL, containsAll)),
  declare("sets.equivalent", overload("list_sets_equivalent_list", [LIST, LIST], BOOL, equivalent)),
  declare("sets.intersects", overload("list_sets_intersects_list", [LIST, LIST], BOOL, intersects)),
]
