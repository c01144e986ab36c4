// Asks another API server what it has. Source: k8s.io/kube-aggregator pkg/controllers/status/remote, pkg/apiserver/handler_discovery.go.
import type { Clock } from "#lib/clock.ts"
import { readBody, type HttpResponse } from "#lib/http.ts"
import { hostPort } from "#lib/outbound.ts"
import type { RemoteService } from "#apiserver/aggregation/api-services.ts"
import { endpointOf, proxiedRequest, type AggregationDeps } from "#apiserver/aggregation/proxy.ts"
import {
  openApiPath,
  resourcesInGroupList,
  resourcesInList,
  type Discovered,
} from "#apiserver/aggregation/remote-discovery.ts"

const WITHIN_MS = 5_000
const ANSWER_BYTES_MAX = 16 * 1024 * 1024
/** Who asks. Everybody else is asked about as who they are. */
const ASKER = { name: "system:kube-aggregator", groups: ["system:masters"] }
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

/** @throws Error that says in upstream's words why there is no answer */
export async function askServer(deps: AggregationDeps & { clock: Clock }, remote: RemoteService): Promise<Discovered> {
  const { group, version } = remote
  const path = `/apis/${group}/${version}`
  const endpoint = endpointOf(deps, { ...remote, insecure: true })
  const url = `https://${hostPort(endpoint.host, endpoint.port)}${path}`
  const send = deps.outbound.transport(endpoint)
  const get = async (target: string, accept = "application/json") => {
    const abort = new AbortController()
    const timer = deps.clock.setTimer(WITHIN_MS, () => abort.abort(new Error("context deadline exceeded")))
    try {
      const request = { method: "GET", path: target, headers: { accept }, signal: abort.signal }
      const answer = await send(proxiedRequest(request, ASKER, "127.0.0.1", false))
      return { answer, json: await readJson(answer) }
    } finally {
      timer.cancel()
    }
  }
  const failing = (error: unknown) =>
    new Error(`failing or missing response from ${url}: ${(error as Error).message}`, { cause: error })
  const checked = await get(path).catch((error: unknown) => {
    throw failing(new Error(`Get "${url}": ${(error as Error).message}`, { cause: error }))
  })
  if (checked.answer.status < 200 || checked.answer.status >= 300)
    throw failing(new Error(`bad status from ${url}: ${checked.answer.status}`))
  // The rest is good to have: a server without it is there all the same.
  const whole = await get("/apis", `${AGGREGATED},application/json`).catch(() => undefined)
  const index = await get("/openapi/v3").catch(() => undefined)
  return {
    resources: resourcesInGroupList(whole?.json, group, version) ?? resourcesInList(checked.json),
    openApi: openApiPath(index?.json, group, version),
  }
}

async function readJson({ body, status }: HttpResponse): Promise<unknown> {
  const text = Buffer.from(await readBody(body, ANSWER_BYTES_MAX)).toString()
  if (status < 200 || status >= 300) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
