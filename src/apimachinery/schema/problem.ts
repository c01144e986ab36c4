import type { FieldError } from "#apimachinery/status-error.ts"

/** One step of the way to a value: a member, an index, or the key of a map. */
export type Step = string | number | { readonly key: string }

/** A way to a value as error messages write it. */
export type Place = {
  /** `spec.map.key[0]`: how go-openapi names it, in the text of a message. */
  readonly name: string
  /** The field of the error for the schema's own checks: {@link Place.name}, or `<nil>` for the object itself. */
  readonly field: string
  /** The field of what was checked: `<nil>` for an object, or the member's name. */
  readonly root: string
  /** `spec.map[key][0]`: how the other checks of the API server name it. */
  readonly path: string
}

/**
 * What is wrong with a value. The way there is only known to those who called the check: on the way out each adds its
 * step, so that a value without problems costs no path at all.
 */
export type Problem = {
  /** From the value up to the object. */
  readonly steps: Step[]
  /** Problems are told in this order: schema, embedded objects, lists. */
  readonly rank: 0 | 1 | 2
  readonly error: (place: Place) => FieldError
}

export function newProblem(rank: Problem["rank"], error: Problem["error"], ...steps: Step[]): Problem {
  return { steps, rank, error }
}

/** Adds a step to problems of a member. Returns `into` with them. */
export function collect(into: Problem[] | undefined, found: Problem[] | undefined, step: Step): Problem[] | undefined {
  if (found === undefined) return into
  for (const problem of found) problem.steps.push(step)
  return into === undefined ? found : into.concat(found)
}

/**
 * The problems as errors, each once: a schema and a junctor of it may say the same.
 *
 * @param member  what was checked is this member of the object
 */
export function fieldErrorsOf(problems: Problem[], member?: string): FieldError[] {
  const errors = new Map<string, FieldError>()
  for (const problem of problems.toSorted((a, b) => a.rank - b.rank)) {
    const place = placeOf(problem.steps)
    const error = problem.error(member === undefined ? place : placeIn(member, place))
    errors.set(`${problem.rank} ${error.field}: ${error.body}`, error)
  }
  return [...errors.values()]
}

const placeIn = (member: string, { name, path }: Place): Place => ({
  name,
  root: member,
  field: name === "" ? member : `${member}.${name.replace(/^\./, "")}`,
  path: path === "" ? member : `${member}.${path}`,
})

function placeOf(steps: readonly Step[]): Place {
  let name = ""
  let path = ""
  for (const step of steps.toReversed()) {
    if (typeof step === "number") {
      name += `[${step}]`
      path += `[${step}]`
    } else if (typeof step === "string") {
      name += name === "" ? step : `.${step}`
      path += path === "" ? step : `.${step}`
    } else {
      name += `.${step.key}`
      path += `[${step.key}]`
    }
  }
  return { name, root: "<nil>", field: name === "" ? "<nil>" : name.replace(/^\./, ""), path }
}
