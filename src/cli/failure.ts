import { StatusError } from "#apimachinery/status-error.ts"
import { ConnectionError } from "#lib/http.ts"
import { describeError } from "#lib/log.ts"
import { CommandError, EXIT } from "./terminal.ts"

/** How a failure ends the command: the text for stderr and the exit code. */
export type Failure = { readonly text: string; readonly exitCode: number }

/** Words any error for a person: what failed and why, and the next command where there is one. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) {
    const next = error.next === undefined ? "" : `Next: ${error.next}\n`
    return { text: `Error: ${describeError(error)}\n${next}`, exitCode: error.exitCode }
  }
  const refusal = causeOf(error, StatusError)
  if (refusal !== undefined) {
    const next =
      refusal.reason === "Forbidden" || refusal.reason === "Unauthorized"
        ? "Next: use a kubeconfig with more rights (--kubeconfig)\n"
        : ""
    return {
      text: `Error from server (${refusal.reason || refusal.code}): ${describeError(error)}\n${next}`,
      exitCode: EXIT.refused,
    }
  }
  if (causeOf(error, ConnectionError) !== undefined) {
    return {
      text: `Error: ${describeError(error)}\nNext: check that the hub is running ("hawser up") and that the kubeconfig names its address\n`,
      exitCode: EXIT.unreachable,
    }
  }
  return { text: `Error: ${describeError(error)}\n`, exitCode: EXIT.failed }
}

function causeOf<T extends Error>(error: unknown, kind: abstract new (...args: never[]) => T): T | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    if (e instanceof kind) return e
  }
  return undefined
}
