import { ACCUMULATOR, OPERATORS, type Expr } from "./ast.ts"
import { Builder, copy } from "./build.ts"

/** A use of a macro that makes no sense. */
export class MacroError extends Error {
  override readonly name = "MacroError"
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

type Call = {
  readonly offset: number
  readonly function: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}
type Expand = (build: Builder, args: readonly Expr[], target: Expr) => Expr | undefined

/** By name and number of arguments. All of them but `has` are members. */
const MEMBER_MACROS: { readonly [key: string]: Expand } = {
  "all/2": (build, [variable, test], target) => all(build, target, loopVars(variable!), test!),
  "all/3": (build, [first, second, test], target) => all(build, target, loopVars(first!, second), test!),
  "exists/2": (build, [variable, test], target) => exists(build, target, loopVars(variable!), test!),
  "exists/3": (build, [first, second, test], target) => exists(build, target, loopVars(first!, second), test!),
  "exists_one/2": (build, [variable, test], target) => existsOne(build, target, loopVars(variable!), test!),
  "exists_one/3": (build, [first, second, test], target) => existsOne(build, target, loopVars(first!, second), test!),
  "existsOne/3": (build, [first, second, test], target) => existsOne(build, target, loopVars(first!, second), test!),
  "map/2": (build, [variable, element], target) => list(build, target, listVar(variable!), undefined, element!),
  "map/3": (build, [variable, test, element], target) => list(build, target, listVar(variable!), test, element!),
  "filter/2": (build, [variable, test], target) => list(build, target, listVar(variable!), test, { ...variable! }),
  "transformList/3": (build, [first, second, element], target) =>
    list(build, target, loopVars(first!, second), undefined, element!),
  "transformList/4": (build, [first, second, test, element], target) =>
    list(build, target, loopVars(first!, second), test, element!),
  "transformMap/3": (build, [first, second, value], target) =>
    map(build, target, loopVars(first!, second), undefined, (vars) => [build.ident(vars.first), value!]),
  "transformMap/4": (build, [first, second, test, value], target) =>
    map(build, target, loopVars(first!, second), test, (vars) => [build.ident(vars.first), value!]),
  "transformMapEntry/3": (build, [first, second, entry], target) =>
    map(build, target, loopVars(first!, second), undefined, () => [entry!]),
  "transformMapEntry/4": (build, [first, second, test, entry], target) =>
    map(build, target, loopVars(first!, second), test, () => [entry!]),
  "optMap/2": (build, [variable, value], target) => {
    const name = nameOf(variable!, "optMap() variable name must be a simple identifier")
    const bound = build.bind(name, build.memberCall("value", copy(target)), value!)
    return ifPresent(build, target, build.call("optional.of", bound))
  },
  "optFlatMap/2": (build, [variable, value], target) => {
    const name = nameOf(variable!, "optFlatMap() variable name must be a simple identifier")
    return ifPresent(build, target, build.bind(name, build.memberCall("value", copy(target)), value!))
  },
  "bind/3": (build, [variable, value, result], target) => {
    if (target.kind !== "ident" || target.name !== "cel") return undefined
    const name = nameOf(variable!, "cel.bind() variable names must be simple identifiers")
    return build.bind(name, value!, result!)
  },
  "sortBy/2": (build, [variable, key], target) => {
    const input = "@__sortBy_input__"
    if (target.kind === "literal" || target.kind === "map" || target.kind === "struct") {
      const why = "sortBy can only be applied to a list, identifier, comprehension, call or select expression"
      throw new MacroError(target.offset, why)
    }
    const keys = list(build, build.ident(input), listVar(variable!), undefined, key!)
    return build.bind(input, target, build.memberCall("@sortByAssociatedKeys", build.ident(input), keys))
  },
}

/** @returns undefined when the call is of no macro. @throws MacroError */
export function expandMacro({ offset, function: name, target, args }: Call, bindings: boolean): Expr | undefined {
  const build = new Builder(offset)
  if (target === undefined) {
    if (name !== "has" || args.length !== 1) return undefined
    const [arg] = args
    if (arg?.kind !== "select") throw new MacroError(arg!.offset, "invalid argument to has() macro")
    return build.presence(arg.operand, arg.field)
  }
  const key = `${name}/${args.length}`
  if (key === "bind/3" && !bindings) return undefined
  return Object.hasOwn(MEMBER_MACROS, key) ? MEMBER_MACROS[key]!(build, args, target) : undefined
}

type LoopVars = { readonly first: string; readonly second: string | undefined }

function nameOf(arg: Expr, why: string): string {
  if (arg.kind !== "ident") throw new MacroError(arg.offset, why)
  return arg.name
}

function loopVars(first: Expr, second?: Expr): LoopVars {
  const names = [first, ...(second === undefined ? [] : [second])].map((arg) =>
    nameOf(arg, "argument must be a simple name"),
  )
  if (names[0] === names[1]) throw new MacroError(second!.offset, `duplicate variable name: ${names[0]}`)
  for (const [i, name] of names.entries()) checkVar(name, i === 0 ? first : second!)
  return { first: names[0]!, second: names[1] }
}

function listVar(arg: Expr): LoopVars {
  const first = nameOf(arg, "argument is not an identifier")
  checkVar(first, arg)
  return { first, second: undefined }
}

function checkVar(name: string, arg: Expr): void {
  if (name === ACCUMULATOR || name === "__result__")
    throw new MacroError(arg.offset, "iteration variable overwrites accumulator variable")
}

function loop(
  build: Builder,
  iterRange: Expr,
  vars: LoopVars,
  parts: { init: Expr; condition: Expr; step: Expr; result?: Expr },
): Expr {
  return build.comprehension({
    iterRange,
    iterVar: vars.first,
    iterVar2: vars.second,
    accuVar: ACCUMULATOR,
    accuInit: parts.init,
    condition: parts.condition,
    step: parts.step,
    result: parts.result ?? build.accumulator(),
  })
}

function all(build: Builder, range: Expr, vars: LoopVars, test: Expr): Expr {
  return loop(build, range, vars, {
    init: build.literal(true),
    condition: build.call(OPERATORS.notStrictlyFalse, build.accumulator()),
    step: build.call(OPERATORS.and, build.accumulator(), test),
  })
}

function exists(build: Builder, range: Expr, vars: LoopVars, test: Expr): Expr {
  return loop(build, range, vars, {
    init: build.literal(false),
    condition: build.call(OPERATORS.notStrictlyFalse, build.call(OPERATORS.not, build.accumulator())),
    step: build.call(OPERATORS.or, build.accumulator(), test),
  })
}

function existsOne(build: Builder, range: Expr, vars: LoopVars, test: Expr): Expr {
  const more = build.call(OPERATORS.add, build.accumulator(), build.literal(1n))
  return loop(build, range, vars, {
    init: build.literal(0n),
    condition: build.literal(true),
    step: build.call(OPERATORS.conditional, test, more, build.accumulator()),
    result: build.call(OPERATORS.equals, build.accumulator(), build.literal(1n)),
  })
}

function list(build: Builder, range: Expr, vars: LoopVars, test: Expr | undefined, element: Expr): Expr {
  const step = build.call(OPERATORS.add, build.accumulator(), build.list(element))
  return loop(build, range, vars, {
    init: build.list(),
    condition: build.literal(true),
    step: test === undefined ? step : build.call(OPERATORS.conditional, test, step, build.accumulator()),
  })
}

function map(
  build: Builder,
  range: Expr,
  vars: LoopVars,
  test: Expr | undefined,
  entry: (vars: LoopVars) => Expr[],
): Expr {
  const step = build.call("cel.@mapInsert", build.accumulator(), ...entry(vars))
  return loop(build, range, vars, {
    init: build.map(),
    condition: build.literal(true),
    step: test === undefined ? step : build.call(OPERATORS.conditional, test, step, build.accumulator()),
  })
}

function ifPresent(build: Builder, target: Expr, value: Expr): Expr {
  const present = build.memberCall("hasValue", target)
  return build.call(OPERATORS.conditional, present, value, build.call("optional.none"))
}
