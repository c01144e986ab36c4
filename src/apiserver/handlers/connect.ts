import type { HttpResponse } from "#lib/http.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"

/** A request to what runs behind an object: `log`, `exec`, `attach`, `portforward`, `proxy`. It is authorized, and the object is there. */
export type ConnectRequest = {
  readonly method: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
}

/** @returns undefined for what nothing runs behind. @throws StatusError */
export type Connect = (request: ConnectRequest) => HttpResponse | undefined

/**
 * The options that a query asks for, as admission sees them: `PodExecOptions`, `PodProxyOptions`, ….
 * Source: k8s.io/api core/v1 types.go and apimachinery's conversion of queries.
 *
 * @param path  what follows the subresource, as `/healthz`
 */
export function connectOptions(kind: string, query: URLSearchParams, path: string): UnknownObject {
  const options: Record<string, unknown> = { kind, apiVersion: "v1" }
  if (kind === "PodExecOptions" || kind === "PodAttachOptions") {
    for (const name of ["stdin", "stdout", "stderr", "tty"]) if (isTrue(query.get(name))) options[name] = true
    const container = query.get("container") ?? ""
    if (container !== "") options["container"] = container
    const command = query.getAll("command")
    if (kind === "PodExecOptions") options["command"] = command.length === 0 ? null : command
  } else if (kind === "PodPortForwardOptions") {
    const ports = query.getAll("ports").map(Number).filter(Number.isSafeInteger)
    if (ports.length > 0) options["ports"] = ports
  } else if (path !== "") options["path"] = path
  return options as UnknownObject
}

const isTrue = (text: string | null) => text !== null && text !== "false" && text !== "0"
