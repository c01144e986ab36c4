// Refusals that tell their causes in whatever order a Go map gave: told in one order.
import type { Answer } from "../normal.ts"

type Body = { readonly message?: unknown; readonly details?: { readonly causes?: readonly object[] } }

/** @returns the answer with its causes sorted, and of an invalid object without the text that has them all again */
export function withOrderedCauses(answer: Answer): Answer {
  const body = answer.body as Body | undefined
  // What was patched is quoted with its fields in whatever order.
  if (String(body?.message).startsWith(' "" is invalid: patch: '))
    return { ...answer, body: { ...body, message: "patch", details: {} } }
  // Where an applied configuration does not fit is told up to the first field that is unknown.
  const misfit = /failed to create typed patch object \([^)]*\): /.exec(String(body?.message))
  if (misfit !== null) return { ...answer, body: { ...body, message: misfit[0] } }
  const causes = body?.details?.causes
  if (causes === undefined || causes.length < 2) return answer
  const sorted = causes.map((cause) => JSON.stringify(cause)).toSorted()
  const message = answer.status === 422 ? "several" : body?.message
  return { ...answer, body: { ...body, message, details: { ...body?.details, causes: sorted } } }
}
