import { PODS, type Pod } from "#api/kubernetes/core.ts"
import { badRequest, invalid } from "#apimachinery/status-error.ts"
import { parseTimeMs, type Clock } from "#lib/clock.ts"
import type { BodyStream, HttpResponse } from "#lib/http.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { logLines, logText, nextLineMs, type LogQuery } from "./log-lines.plan.ts"

type Deps = { readonly clock: Clock; readonly reader: ObjectReader }

const HEADERS = { "content-type": "text/plain" }

/** GET pods/NAME/log. @throws StatusError BadRequest, Invalid */
export function answerLog(deps: Deps, pod: Pod, container: string, query: URLSearchParams): HttpResponse {
  const asked = readQuery(pod, query, deps.clock.nowMs())
  const name = pod.metadata.name ?? ""
  if (!pod.spec.nodeName) return { status: 204, headers: HEADERS, body: new Uint8Array() }
  if (isSet(query, "previous"))
    throw badRequest(
      `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`,
    )
  const lines = logLines(pod, container, deps.clock.nowMs())
  if (lines === undefined)
    throw badRequest(
      `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ContainerCreating`,
    )
  const limit = numberIn(pod, query, "limitBytes", 1)
  const text = Buffer.from(logText(lines, asked)).subarray(0, limit)
  if (!isSet(query, "follow")) return { status: 200, headers: HEADERS, body: text }
  return {
    status: 200,
    headers: HEADERS,
    body: followed(deps, pod, container, { text, asked, limit: limit ?? Infinity }),
  }
}

const isSet = (query: URLSearchParams, name: string) => ["true", "1"].includes(query.get(name) ?? "")

function readQuery(pod: Pod, query: URLSearchParams, nowMs: number): LogQuery {
  const [tailLines, sinceSeconds] = [numberIn(pod, query, "tailLines", 0), numberIn(pod, query, "sinceSeconds", 1)]
  const sinceMs = sinceSeconds === undefined ? parseTimeMs(query.get("sinceTime")) : nowMs - sinceSeconds * 1000
  return {
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(tailLines === undefined ? {} : { tailLines }),
    timestamps: isSet(query, "timestamps"),
  }
}

function numberIn({ metadata }: Pod, query: URLSearchParams, field: string, least: number): number | undefined {
  const text = query.get(field)
  if (text === null || text === "") return undefined
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = Number(text)
  if (value >= least) return value
  const body = `Invalid value: ${value}: must be greater than ${least === 0 ? "or equal to 0" : "0"}`
  throw invalid({ group: "", kind: "PodLogOptions" }, metadata.name ?? "", [
    { field, reason: "FieldValueInvalid", body },
  ])
}

function followed(
  deps: Deps,
  pod: Pod,
  container: string,
  sent: { readonly text: Uint8Array; readonly asked: LogQuery; readonly limit: number },
): BodyStream {
  return {
    start(sink) {
      let left = sent.limit - sent.text.length
      if (sent.text.length > 0) sink.write(sent.text)
      const { stop } = followLines(deps, pod, container, {
        timestamps: sent.asked.timestamps === true,
        say(text) {
          const bytes = Buffer.from(text).subarray(0, left)
          left -= bytes.length
          sink.write(bytes)
          if (left > 0) return
          stop()
          sink.end()
        },
        ended: () => sink.end(),
      })
      return stop
    },
  }
}

/** How often somebody who follows learns that the pod has ended. */
const LOOK_MS_MAX = 1000

/** Tells what the container says from now on, until it ends. */
export function followLines(
  { clock, reader }: Deps,
  { metadata }: Pod,
  container: string,
  hear: { readonly timestamps?: boolean; readonly say: (text: string) => void; readonly ended: () => void },
): { stop(): void } {
  const { namespace = "", name = "", uid } = metadata
  let saidMs = clock.nowMs()
  let timer = clock.setTimer(0, look)
  let stopped = false
  function look(): void {
    const nowMs = clock.nowMs()
    const pod = reader.get(PODS, namespace, name) as Pod | undefined
    const lines = pod === undefined || pod.metadata.uid !== uid ? undefined : logLines(pod, container, nowMs)
    const news = (lines ?? []).filter(({ timeMs }) => timeMs > saidMs)
    saidMs = nowMs
    if (news.length > 0) hear.say(logText(news, { timestamps: hear.timestamps === true }))
    if (stopped) return
    const nextMs = pod === undefined || lines === undefined ? undefined : nextLineMs(pod, container, nowMs)
    if (nextMs === undefined) return hear.ended()
    timer = clock.setTimer(Math.min(nextMs - nowMs, LOOK_MS_MAX), look)
  }
  return {
    stop() {
      stopped = true
      timer.cancel()
    },
  }
}
