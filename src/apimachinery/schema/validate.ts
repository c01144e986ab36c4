import { invalidField } from "#apimachinery/field-errors.ts"
import { goQuote } from "#apimachinery/go-text.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { checkEmbedded } from "./embedded-check.ts"
import { listTypeCheck } from "./list-checks.ts"
import { matchCount } from "./match-count.ts"
import { collect, fieldErrorsOf, newProblem, type Problem } from "./problem.ts"
import { rootShape, shapeOf, type Shape } from "./shape.ts"
import {
  enumCheck,
  listChecks,
  numberChecks,
  objectChecks,
  textChecks,
  typeCheck,
  type ValueCheck,
} from "./value-checks.ts"

/**
 * Checks an object against its kind's schema, value by value: types, bounds, required members, junctors (`anyOf` …),
 * embedded objects and the uniqueness in sets and maps. CEL rules are not evaluated.
 *
 * @returns the problems in the words of the API server; none when the object is valid
 */
export function validateSchema(object: UnknownObject, kind: KindSchema): FieldError[] {
  return validateValue(object, kind)
}

/** The same for any value and its schema. The field of a problem of the value itself is `<nil>`. */
export function validateValue(value: unknown, kind: KindSchema): FieldError[] {
  const problems = checkOf(rootShape(kind), kind.resolve)(value)
  return problems === undefined ? [] : fieldErrorsOf(problems)
}

/**
 * Checks one member of an object alone, as a write of the status is checked: messages name values from the member on,
 * fields from the object. Source: apiextensions-apiserver, ValidateStatusUpdate.
 */
export function validateMember(object: UnknownObject, name: string, kind: KindSchema): FieldError[] {
  const shape = rootShape(kind).properties.get(name)
  const value = object[name]
  if (shape === undefined || value === undefined) return []
  const problems = checkOf(shape, kind.resolve)(value)
  return problems === undefined ? [] : fieldErrorsOf(problems, name)
}

/** All checks of a value and of what it holds. */
type Check = (value: unknown) => Problem[] | undefined

const checks = new WeakMap<Shape, Check>()

/** The compiled check of a shape. Members are compiled when the first value with them comes by. */
function checkOf(shape: Shape, resolve: KindSchema["resolve"]): Check {
  let check = checks.get(shape)
  if (check === undefined) {
    check = compile(shape, resolve)
    checks.set(shape, check)
  }
  return check
}

const defined = <T>(...values: (T | undefined)[]): T[] => values.filter((value) => value !== undefined)

function run(valueChecks: readonly ValueCheck[], value: unknown, into: Problem[] | undefined): Problem[] | undefined {
  let problems = into
  for (const check of valueChecks) {
    const problem = check(value)
    if (problem !== undefined) problems = problems === undefined ? [problem] : [...problems, problem]
  }
  return problems
}

function compile(shape: Shape, resolve: KindSchema["resolve"]): Check {
  const { schema } = shape
  const first = defined(typeCheck(schema))
  const ofNull = defined(...first, enumCheck(schema))
  const last = defined(enumCheck(schema))
  const ofText = textChecks(schema)
  const ofNumber = numberChecks(schema)
  const ofList = listChecks(schema)
  const ofObject = objectChecks(schema)
  const junctors = compileJunctors(schema, resolve)
  const listType = listTypeCheck(schema)
  return (value) => {
    if (value === null) return run(ofNull, value, undefined)
    let problems = run(first, value, undefined)
    for (const junctor of junctors) problems = append(problems, junctor(value))
    if (typeof value === "string") problems = run(ofText, value, problems)
    else if (typeof value === "number") problems = run(ofNumber, value, problems)
    else if (Array.isArray(value)) {
      problems = checkItems(value, shape, resolve, problems)
      problems = append(run(ofList, value, problems), listType?.(value))
    } else if (isJsonObject(value)) {
      problems = checkMembers(value, shape, resolve, problems)
      problems = run(ofObject, value, problems)
      if (shape.embedded) problems = append(problems, checkEmbedded(value))
    }
    return run(last, value, problems)
  }
}

function append(problems: Problem[] | undefined, found: Problem[] | undefined): Problem[] | undefined {
  return problems === undefined ? found : found === undefined ? problems : [...problems, ...found]
}

function checkItems(
  list: unknown[],
  shape: Shape,
  resolve: KindSchema["resolve"],
  into: Problem[] | undefined,
): Problem[] | undefined {
  const { items } = shape
  if (items === undefined) return into
  const check = checkOf(items, resolve)
  let problems = into
  for (let i = 0; i < list.length; i++) problems = collect(problems, check(list[i]), i)
  return problems
}

function checkMembers(
  object: JsonObject,
  shape: Shape,
  resolve: KindSchema["resolve"],
  into: Problem[] | undefined,
): Problem[] | undefined {
  let problems = into
  const { properties, values } = shape
  for (const key in object) {
    const property = properties.get(key)
    if (property !== undefined) problems = collect(problems, checkOf(property, resolve)(object[key]), key)
    else if (values !== undefined) problems = collect(problems, checkOf(values, resolve)(object[key]), { key })
    else if (shape.schema.additionalProperties === false) {
      const forbidden = newProblem(0, ({ name, field }) =>
        invalidField(field, key, `${name}.${key} in body is a forbidden property`),
      )
      problems = append(problems, [forbidden])
    }
  }
  return problems
}

const junctorProblem = (text: (quotedName: string) => string): Problem =>
  newProblem(0, ({ name, root }) => invalidField(root, "", text(goQuote(name))))

function compileJunctors(schema: JsonSchema, resolve: KindSchema["resolve"]): Check[] {
  const alternatives = (schemas: readonly JsonSchema[]) => schemas.map((inner) => shapeOf(inner, resolve))
  const junctors: Check[] = []
  if (schema.anyOf !== undefined) junctors.push(compileAnyOf(alternatives(schema.anyOf), resolve))
  if (schema.oneOf !== undefined) junctors.push(compileOneOf(alternatives(schema.oneOf), resolve))
  if (schema.allOf !== undefined) junctors.push(compileAllOf(alternatives(schema.allOf), resolve))
  if (schema.not !== undefined) {
    const inner = checkOf(shapeOf(schema.not, resolve), resolve)
    junctors.push((value) =>
      inner(value) === undefined ? [junctorProblem((name) => `${name} must not validate the schema (not)`)] : undefined,
    )
  }
  return junctors
}

function compileAnyOf(shapes: readonly Shape[], resolve: KindSchema["resolve"]): Check {
  return (value) => {
    const failures = shapes.map((shape) => checkOf(shape, resolve)(value))
    if (shapes.length === 0 || failures.includes(undefined)) return undefined
    const problem = junctorProblem((name) => `${name} must validate at least one schema (anyOf)`)
    return [problem, ...closest(shapes, failures, value)]
  }
}

function compileOneOf(shapes: readonly Shape[], resolve: KindSchema["resolve"]): Check {
  return (value) => {
    const failures = shapes.map((shape) => checkOf(shape, resolve)(value))
    const valid = failures.filter((failure) => failure === undefined).length
    if (shapes.length === 0 || valid === 1) return undefined
    const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`
    const problem = junctorProblem((name) => `${name} must validate one and only one schema (oneOf). ${found}`)
    return valid === 0 ? [problem, ...closest(shapes, failures, value)] : [problem]
  }
}

function compileAllOf(shapes: readonly Shape[], resolve: KindSchema["resolve"]): Check {
  return (value) => {
    const failures = shapes.map((shape) => checkOf(shape, resolve)(value))
    const invalid = failures.filter((failure) => failure !== undefined)
    if (invalid.length === 0) return undefined
    const none = invalid.length === shapes.length ? ". None validated" : ""
    return [...invalid.flat(), junctorProblem((name) => `${name} must validate all the schemas (allOf)${none}`)]
  }
}

/** The problems with the alternative that fits best, which most likely is the one that was meant. */
function closest(shapes: readonly Shape[], failures: readonly (Problem[] | undefined)[], value: unknown): Problem[] {
  let best = 0
  const counts = shapes.map((shape) => matchCount(value, shape))
  for (let i = 1; i < counts.length; i++) if (counts[i]! > counts[best]!) best = i
  return failures[best] ?? []
}
