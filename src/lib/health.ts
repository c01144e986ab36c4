/** One thing that has to be well. @returns (check) what is wrong, undefined when nothing is */
export type HealthCheck = { readonly name: string; readonly check: () => string | undefined }

/** That the process answers at all. */
export const PING: HealthCheck = { name: "ping", check: () => undefined }

/** What may be asked, by path. */
export type HealthChecks = Readonly<Record<"/healthz" | "/livez" | "/readyz", readonly HealthCheck[]>>

/**
 * Answers `/livez`, `/livez/ping`, `/readyz?verbose` and `?exclude=NAME` as Kubernetes' programs do.
 *
 * @returns undefined for a path of no check
 */
export function answerHealth(
  checks: HealthChecks,
  path: string,
  query: URLSearchParams,
): { readonly status: number; readonly text: string } | undefined {
  const found = Object.entries(checks).find(([root]) => path === root || path.startsWith(`${root}/`))
  if (found === undefined) return undefined
  const [root, all] = found
  const one = path.slice(root.length + 1)
  const excluded = new Set(query.getAll("exclude"))
  const asked = one === "" ? all.filter((c) => !excluded.has(c.name)) : all.filter((c) => c.name === one)
  if (asked.length === 0) return undefined
  const results = asked.map(({ name, check }) => ({ name, problem: check() }))
  const failed = results.some(({ problem }) => problem !== undefined)
  if (!failed && (one !== "" || !query.has("verbose"))) return { status: 200, text: "ok" }
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  )
  lines.push(`${root.slice(1)} check ${failed ? "failed" : "passed"}`)
  return { status: failed ? 500 : 200, text: lines.join("\n") + "\n" }
}
