import type { UnknownObject } from "#apimachinery/meta.ts"

/** kstatus' words, but NotFound and Unknown, which no object can say of itself. */
export type HealthState = "Current" | "InProgress" | "Failed" | "Terminating"

export type Health = {
  readonly state: HealthState
  readonly message: string
  /** Milliseconds until time alone makes something else of it. */
  readonly againMs?: number
}

/** @returns undefined: this kind's rules say nothing, what is said by default holds */
export type HealthRule = (object: UnknownObject, nowMs: number) => Health | undefined

export const current = (message: string): Health => ({ state: "Current", message })
export const inProgress = (message: string): Health => ({ state: "InProgress", message })
export const failed = (message: string): Health => ({ state: "Failed", message })

type LooseCondition = {
  readonly type?: unknown
  readonly status?: unknown
  readonly reason?: string
  readonly message?: string
}

/** Its conditions, if it has such as Kubernetes' kinds have; members write what they like. */
export function conditionsOf({ status }: UnknownObject): readonly LooseCondition[] {
  const conditions = (status as { conditions?: unknown } | undefined)?.conditions
  if (!Array.isArray(conditions)) return []
  return conditions.flatMap((condition: unknown) => {
    if (typeof condition !== "object" || condition === null) return []
    const { type, status: is, reason, message } = condition as Record<string, unknown>
    return [{ type, status: is, ...textField("reason", reason), ...textField("message", message) }]
  })
}

const textField = (name: "reason" | "message", value: unknown) => (typeof value === "string" ? { [name]: value } : {})

export const isTrue = ({ status }: LooseCondition): boolean => status === "True"

export type Fields = Readonly<Record<string, unknown>>

/** A part of an object that holds fields; empty when it holds none. */
export const part = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {}

export const numberIn = (fields: Fields, name: string, otherwise = 0): number =>
  typeof fields[name] === "number" ? fields[name] : otherwise

export const textIn = (fields: Fields, name: string, otherwise = ""): string =>
  typeof fields[name] === "string" ? fields[name] : otherwise

/** The first of the checks that is not met: text when there is something to wait for. */
export const firstOf = (...checks: readonly (string | undefined | false)[]): string | undefined =>
  checks.find((check): check is string => typeof check === "string")

/** `Ready: 1/3`, when there are less than wanted. */
export const fewer = (name: string, have: number, want: number): string | false =>
  have < want && `${name}: ${have}/${want}`

export const leaving = (have: number, want: number): string | false =>
  have > want && `Pending termination: ${have - want}`
