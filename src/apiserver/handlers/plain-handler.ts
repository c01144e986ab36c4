import type { HttpResponse } from "#lib/http.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { Call, CallHandler } from "./call.ts"
import { negotiate } from "./negotiation.ts"
import { objectResponse, textResponse } from "./responses.ts"

/** What `/version` says. What is left out is derived or made up. */
export type ServerVersion = {
  /** `v1.35.4`: the Kubernetes that this server behaves like. */
  readonly gitVersion: string
  readonly major?: string
  readonly minor?: string
  readonly gitCommit?: string
  readonly gitTreeState?: string
  readonly buildDate?: string
  readonly goVersion?: string
  readonly compiler?: string
  readonly platform?: string
}

function versionObject(version: ServerVersion): object {
  const [major = "", minor = ""] = version.gitVersion.replace(/^v/, "").split(".")
  const rest = { gitCommit: "", gitTreeState: "clean", buildDate: "1970-01-01T00:00:00Z", goVersion: "", compiler: "" }
  // What a program may rely on that was made for the version before.
  const compatible = { minCompatibilityMajor: major, minCompatibilityMinor: String(Number(minor) - 1) }
  const emulated = { emulationMajor: major, emulationMinor: minor }
  return { major, minor, ...emulated, ...compatible, platform: "linux/amd64", ...rest, ...version }
}

/** A check of `/readyz`. @returns what is wrong, undefined when nothing is */
export type HealthCheck = { readonly name: string; readonly check: () => string | undefined }

export type PlainOptions = {
  readonly version: ServerVersion
  readonly readyChecks: readonly HealthCheck[]
  /** Discovery, OpenAPI and whatever else has a path of its own. @returns undefined for a path that is not its own */
  readonly discovery: (request: ServerRequest) => HttpResponse | undefined
  readonly metrics: () => string
}

/** The text format of Prometheus. */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

/** Answers paths that are no resources: health, version, metrics, discovery. */
export function newPlainHandler(options: PlainOptions): CallHandler {
  const ping: HealthCheck = { name: "ping", check: () => undefined }
  const checks = { "/livez": [ping], "/healthz": [ping], "/readyz": [ping, ...options.readyChecks] }
  return (call) => {
    const { path, verb } = call.info
    const found = options.discovery(call.request)
    if (found !== undefined) return found
    for (const [root, list] of Object.entries(checks)) {
      if (path !== root && !path.startsWith(`${root}/`)) continue
      return healthResponse(root, path.slice(root.length + 1), list, call)
    }
    if (path === "/version" || path === "/version/") {
      if (verb !== "get") {
        throw newStatusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {})
      }
      return objectResponse(
        200,
        versionObject(options.version),
        negotiate(call.request.headers, { views: [], pretty: true, routed: "watchable" }),
      )
    }
    if (path === "/metrics") {
      const response = textResponse(200, options.metrics())
      return { ...response, headers: { ...response.headers, "content-type": METRICS_TYPE } }
    }
    return textResponse(404, "404 page not found\n")
  }
}

function healthResponse(root: string, one: string, checks: readonly HealthCheck[], call: Call): HttpResponse {
  const { query } = call.info
  const excluded = new Set(query.getAll("exclude"))
  const asked = one === "" ? checks.filter((c) => !excluded.has(c.name)) : checks.filter((c) => c.name === one)
  if (asked.length === 0) return textResponse(404, "404 page not found\n")
  const results = asked.map(({ name, check }) => ({ name, problem: check() }))
  const failed = results.some(({ problem }) => problem !== undefined)
  if (!failed && (one !== "" || !query.has("verbose"))) return textResponse(200, "ok")
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  )
  lines.push(`${root.slice(1)} check ${failed ? "failed" : "passed"}`)
  return textResponse(failed ? 500 : 200, lines.join("\n") + "\n")
}
