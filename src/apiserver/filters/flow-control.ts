import { GROUP_MASTERS } from "#apiserver/authentication/user.ts"
import type { Flow } from "#apiserver/flow-control/flow-classifier.ts"
import type { FlowRequest } from "#apiserver/flow-control/flow-schema.plan.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { tooMany } from "#apiserver/handlers/refusals.ts"
import type { Filter } from "./filter.ts"
import { isLongRunning } from "./long-running.ts"

/** Requests of each kind that are worked on at the same time; watches and administrators do not count. */
export type InFlightLimits = { readonly reading: number; readonly mutating: number }

/** As many writes as one commit takes: fewer would make commits smaller, and writing slower. */
export const IN_FLIGHT_LIMITS: InFlightLimits = { reading: 4_000, mutating: 2_000 }

/** How many requests are in flight now. */
export type InFlight = { reading: number; mutating: number }

export const isMutating = (verb: string) => !READING.has(verb)
const READING: ReadonlySet<string> = new Set(["get", "list", "watch", "head", "options"])

/** Names the flow that a request belongs to in the headers of its answer. */
export function withFlow(classify: (request: FlowRequest) => Flow | undefined): Filter {
  return (next) => (call) => {
    // Nobody reads the headers of answers in this process.
    if (call.request.peer.user !== undefined) return next(call)
    const flow = classify(flowRequest(call))
    if (flow !== undefined) {
      call.headers["x-kubernetes-pf-flowschema-uid"] = flow.schema
      call.headers["x-kubernetes-pf-prioritylevel-uid"] = flow.level
    }
    return next(call)
  }
}

function flowRequest({ user, info }: Call): FlowRequest {
  const { isResource, verb, path, group, namespace, subresource } = info
  const resource = subresource === "" ? info.resource : `${info.resource}/${subresource}`
  return { user, isResource, verb, path, group, namespace, resource }
}

/** Refuses with 429 what is too much at once. Source: k8s.io/apiserver server/filters/maxinflight.go. */
export function withInFlightLimit(limits: InFlightLimits, inFlight: InFlight): Filter {
  return (next) => (call) => {
    if (isLongRunning(call.info) || call.request.peer.user !== undefined) return next(call)
    const kind = isMutating(call.info.verb) ? "mutating" : "reading"
    if (inFlight[kind] >= limits[kind] && !call.user.groups.includes(GROUP_MASTERS)) return tooMany()
    inFlight[kind]++
    const done = () => void inFlight[kind]--
    try {
      const answer = next(call)
      if (answer instanceof Promise) return answer.finally(done)
      done()
      return answer
    } catch (error) {
      done()
      throw error
    }
  }
}
