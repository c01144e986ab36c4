import type { CelError, Value } from "#cel/values/value.ts"
import { typeParam, type Type } from "./type.ts"

export type Call = (...args: Value[]) => Value

/** One form of a function. A member's first argument is its target. */
export type Overload = {
  readonly id: string
  readonly args: readonly Type[]
  readonly result: Type
  readonly member: boolean
  /** Called with arguments of the declared types only; absent when the function has one for all its forms. */
  readonly call?: Call
}

export type FunctionDeclaration = {
  readonly name: string
  readonly overloads: readonly Overload[]
  /** For all overloads. It checks its arguments itself. */
  readonly call?: Call
}

/** Where types of objects are looked up. */
export type TypeProvider = {
  /** The fields of an object's type, by the names under which expressions know them. */
  readonly fieldsOf: (typeName: string) => ReadonlyMap<string, Type> | undefined
}

export const NO_TYPES: TypeProvider = { fieldsOf: () => undefined }

/** What an expression may refer to. */
export type Environment = {
  readonly functions: ReadonlyMap<string, FunctionDeclaration>
  readonly variables: ReadonlyMap<string, Type>
  /** Names of types, as `int` and `net.IP`. */
  readonly typeNames: ReadonlyMap<string, Type>
  readonly types: TypeProvider
  /** Names are looked up in this namespace and those around it first: `a.b`. */
  readonly container: string
  /** Whether `cel.bind` is a macro. */
  readonly bindings: boolean
}

export const overload = (id: string, args: readonly Type[], result: Type, call?: Call): Overload => ({
  id,
  args,
  result,
  member: false,
  ...(call === undefined ? {} : { call }),
})

export const member = (id: string, args: readonly Type[], result: Type, call?: Call): Overload => ({
  ...overload(id, args, result, call),
  member: true,
})

/** A function whose overloads each have a call of their own. */
export const declare = (name: string, ...overloads: Overload[]): FunctionDeclaration => ({ name, overloads })

/** A function that has one call for all overloads. */
export const declareOne = (name: string, call: Call, ...overloads: Overload[]): FunctionDeclaration => ({
  name,
  overloads,
  call,
})

/** Functions of several libraries by name; those of one name are put together. */
export function mergeFunctions(
  ...libraries: readonly (readonly FunctionDeclaration[])[]
): Map<string, FunctionDeclaration> {
  const merged = new Map<string, FunctionDeclaration>()
  for (const declaration of libraries.flat()) {
    const known = merged.get(declaration.name)
    if (known === undefined) merged.set(declaration.name, declaration)
    else merged.set(declaration.name, join(known, declaration))
  }
  return merged
}

/** A call for all overloads of one library becomes that of each, as the other library's have their own. */
function join(a: FunctionDeclaration, b: FunctionDeclaration): FunctionDeclaration {
  const own = ({ overloads, call }: FunctionDeclaration) =>
    overloads.map((o) => (call === undefined || o.call !== undefined ? o : { ...o, call }))
  return { name: a.name, overloads: [...own(a), ...own(b)] }
}

/** Names that a name may stand for, the innermost namespace first: `x` in `a.b` is `a.b.x`, `a.x`, `x`. */
export function candidateNames(container: string, name: string): string[] {
  if (name.startsWith(".")) return [name.slice(1)]
  const names: string[] = []
  for (let space = container; space !== ""; space = space.slice(0, Math.max(0, space.lastIndexOf("."))))
    names.push(`${space}.${name}`)
  return [...names, name]
}

export const A = typeParam("A")
export const B = typeParam("B")
export const T = typeParam("T")
export const K = typeParam("K")
export const V = typeParam("V")

/** Narrows the outcome of a check to an error. */
export type OrError<R> = R | CelError
