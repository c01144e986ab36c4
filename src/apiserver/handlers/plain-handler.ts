import { answerHealth, PING, type HealthCheck } from "#lib/health.ts"
import type { HttpResponse } from "#lib/http.ts"
import { METRICS_CONTENT_TYPE } from "#lib/metrics.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import type { CallHandler } from "./call.ts"
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

export type PlainOptions = {
  readonly version: ServerVersion
  readonly readyChecks: readonly HealthCheck[]
  /** Discovery, OpenAPI and whatever else has a path of its own. @returns undefined for a path that is not its own */
  readonly discovery: (request: ServerRequest) => HttpResponse | undefined
  readonly metrics: () => string
}

/** Answers paths that are no resources: health, version, metrics, discovery. */
export function newPlainHandler(options: PlainOptions): CallHandler {
  const checks = { "/livez": [PING], "/healthz": [PING], "/readyz": [PING, ...options.readyChecks] }
  return (call) => {
    const { path, verb } = call.info
    const found = options.discovery(call.request)
    if (found !== undefined) return found
    const health = answerHealth(checks, path, call.info.query)
    if (health !== undefined) return textResponse(health.status, health.text)
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
      return { ...response, headers: { ...response.headers, "content-type": METRICS_CONTENT_TYPE } }
    }
    return textResponse(404, "404 page not found\n")
  }
}
