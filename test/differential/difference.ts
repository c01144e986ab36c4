// Where two answers differ, as paths.
import type { Answer } from "./normal.ts"

export type Difference = {
  /** `script: METHOD /path at body.metadata.name` */
  readonly where: string
  readonly ours: unknown
  readonly theirs: unknown
}

/** Compares two runs of one script. */
export function differences(name: string, ours: readonly Answer[], theirs: readonly Answer[]): Difference[] {
  const found: Difference[] = []
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const request = `${name} #${i + 1}: ${theirs[i]?.request ?? ours[i]?.request}`
    const tell: Tell = (path, a, b) => found.push({ where: `${request} at ${path.join(".")}`, ours: a, theirs: b })
    // Unlike outcomes differ in everything: the outcome is what is told.
    if (ours[i]?.status !== theirs[i]?.status) tell(["status"], outcomeOf(ours[i]), outcomeOf(theirs[i]))
    else compare(ours[i], theirs[i], tell)
  }
  return found
}

function outcomeOf(answer: Answer | undefined): unknown {
  const body = answer?.body
  const message = isObject(body) ? (body["message"] ?? body["kind"]) : body
  return answer === undefined ? "no such request" : `${answer.status} ${String(message)}`
}

type Tell = (path: readonly string[], ours: unknown, theirs: unknown) => void

function compare(ours: unknown, theirs: unknown, tell: Tell, path: readonly string[] = []): void {
  if (ours === theirs) return
  if (!isObject(ours) || !isObject(theirs) || Array.isArray(ours) !== Array.isArray(theirs)) {
    return tell(path, ours, theirs)
  }
  // Lists of unlike length would differ at each item.
  if (Array.isArray(ours) && ours.length !== (theirs as unknown as unknown[]).length) return tell(path, ours, theirs)
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    compare(ours[key], theirs[key], tell, [...path, key])
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

export function formatDifference({ where, ours, theirs }: Difference): string {
  return `${where}\n  ours:   ${JSON.stringify(ours)}\n  theirs: ${JSON.stringify(theirs)}`
}
