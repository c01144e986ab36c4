// Asks webhooks of every kind: those of admission and those that convert. Source: k8s.io/apiserver util/webhook, client-go rest.
import type { Clock } from "#lib/clock.ts"
import { ConnectionError, readBody, type HttpResponse } from "#lib/http.ts"
import { hostPort, type Endpoint, type Outbound } from "#lib/outbound.ts"
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import { genericFailure } from "./generic-failure.ts"
import { serviceHost, serviceOrigin, type ServiceResolver } from "./service-resolver.ts"

/** WebhookClientConfig of admissionregistration.k8s.io/v1 and apiextensions.k8s.io/v1: a URL, or a Service. */
export type WebhookClientConfig = {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly path?: string
    readonly port?: number
  }
  /** PEM in base64. */
  readonly caBundle?: string
}

export type WebhookClientDeps = {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly resolveService: ServiceResolver
}

/** Answers above this are refused. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const HTTPS_PORT = 443

/**
 * Posts a review to a webhook.
 *
 * @returns the review that it answers
 * @throws Error whose message is why there is none, in upstream's words
 */
export async function callWebhook(
  deps: WebhookClientDeps,
  config: WebhookClientConfig,
  review: object,
  timeoutSeconds: number,
): Promise<JsonObject> {
  const { origin, path, connect } = targetOf(deps, config)
  const target = `${path}?timeout=${timeoutSeconds}s`
  const failed = (why: string) => new Error(`Post "${origin}${target}": ${why}`)
  const abort = new AbortController()
  const timer = deps.clock.setTimer(timeoutSeconds * 1000, () => abort.abort())
  let response: HttpResponse
  let body: Uint8Array
  try {
    const send = deps.outbound.transport(connect())
    response = await send({
      method: "POST",
      path: target,
      headers: {
        accept: "application/json, */*",
        "content-type": "application/json",
        "user-agent": "kube-apiserver-admission",
      },
      body: Buffer.from(JSON.stringify(review)),
      signal: abort.signal,
    })
    body = await bounded(readBody(response.body, ANSWER_BYTES_MAX), abort.signal)
  } catch (error) {
    if (abort.signal.aborted) throw failed("context deadline exceeded")
    if (error instanceof ConnectionError || error instanceof Error) throw failed(error.message)
    throw error
  } finally {
    timer.cancel()
  }
  return parseAnswer(response, Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
}

/** A body that stops in the middle must not hold the request beyond its time. */
function bounded<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })
    promise.then(resolve, reject)
  })
}

function targetOf(deps: WebhookClientDeps, { url, service, caBundle }: WebhookClientConfig) {
  const authorities = caBundle ? { authorities: Buffer.from(caBundle, "base64").toString() } : {}
  if (service !== undefined) {
    const { namespace, name, port = HTTPS_PORT } = service
    const serverName = serviceHost({ namespace, name })
    const connect = (): Endpoint => ({ ...deps.resolveService({ namespace, name, port }), serverName, ...authorities })
    return { origin: serviceOrigin({ namespace, name, port }), path: cleanPath(service.path ?? ""), connect }
  }
  const parsed = new URL(url ?? "")
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1")
  const port = parsed.port === "" ? HTTPS_PORT : Number(parsed.port)
  const connect = (): Endpoint => ({ host, port, serverName: host, ...authorities })
  const origin = `https://${parsed.port === "" ? hostPort(host, "").slice(0, -1) : hostPort(host, port)}`
  return { origin, path: cleanPath(parsed.pathname), connect }
}

/** As Go's path.Join: without doubled slashes and one at the end. */
const cleanPath = (path: string) =>
  `/${path
    .split("/")
    .filter((part) => part !== "")
    .join("/")}`

function parseAnswer(response: HttpResponse, text: string): JsonObject {
  const header = response.headers["content-type"]
  const contentType = typeof header === "string" ? header : (header?.[0] ?? "")
  if (response.status < 200 || response.status > 206)
    throw new Error(genericFailure(response.status, contentType, text))
  let review: unknown
  try {
    review = JSON.parse(text)
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error })
  }
  if (!isJsonObject(review)) throw new Error("couldn't get version/kind; json parse error: the answer is no object")
  return review
}
