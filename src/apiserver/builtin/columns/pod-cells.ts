import type { UnknownObject } from "#apimachinery/meta.ts"
import { at, findObject, itemsIn, numberIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { isConditionTrue, NONE, since, textAt } from "./cells.ts"
import type { Cells } from "./cells.ts"

type Summary = {
  readonly ready: number
  readonly total: number
  readonly reason: string
  readonly restarts: number
  readonly lastRestart: string
}

/** What the containers of a pod are up to, in one word. */
function summarize(pod: UnknownObject): Summary {
  const status = objectIn(pod, "status")
  const sidecars = new Set(
    itemsIn(pod["spec"], "initContainers")
      .filter((c) => c["restartPolicy"] === "Always")
      .map((c) => textIn(c, "name")),
  )
  const gated = itemsIn(status, "conditions").some(
    (c) => c["type"] === "PodScheduled" && c["reason"] === "SchedulingGated",
  )
  const initial = gated ? "SchedulingGated" : textIn(status, "reason") || textIn(status, "phase")
  const init = summarizeInit(pod, sidecars)
  const total = itemsIn(pod["spec"], "containers").length + sidecars.size
  let summary: Summary = { ...init, reason: init.reason ?? initial, total }
  if (init.reason === undefined || isConditionTrue(pod, "Initialized"))
    summary = summarizeMain(pod, summary, init.sidecars)
  if (pod.metadata.deletionTimestamp === undefined) return summary
  if (textIn(status, "reason") === "NodeLost") return { ...summary, reason: "Unknown" }
  const isOver = status["phase"] === "Succeeded" || status["phase"] === "Failed"
  return isOver ? summary : { ...summary, reason: "Terminating" }
}

type Restarts = { readonly restarts: number; readonly lastRestart: string }
const NO_RESTARTS: Restarts = { restarts: 0, lastRestart: "" }

function addRestarts(to: Restarts, container: Json): Restarts {
  const finished = textIn(at(container, "lastState", "terminated"), "finishedAt")
  return {
    restarts: to.restarts + numberIn(container, "restartCount"),
    lastRestart: finished > to.lastRestart ? finished : to.lastRestart,
  }
}

type Init = Restarts & { readonly ready: number; readonly reason: string | undefined; readonly sidecars: Restarts }

/** @returns a reason while a container that must end first has not */
function summarizeInit(pod: UnknownObject, sidecarNames: ReadonlySet<string>): Init {
  let all = NO_RESTARTS
  let sidecars = NO_RESTARTS
  let ready = 0
  for (const [index, container] of itemsIn(pod["status"], "initContainerStatuses").entries()) {
    all = addRestarts(all, container)
    const isSidecar = sidecarNames.has(textIn(container, "name"))
    if (isSidecar) sidecars = addRestarts(sidecars, container)
    const state = objectIn(container, "state")
    const terminated = findObject(state, "terminated")
    if (terminated !== undefined && numberIn(terminated, "exitCode") === 0) continue
    if (isSidecar && container["started"] === true) {
      if (container["ready"] === true) ready++
      continue
    }
    const waiting = textIn(state["waiting"], "reason")
    const count = itemsIn(pod["spec"], "initContainers").length
    const reason =
      terminated !== undefined
        ? `Init:${terminationText(terminated)}`
        : waiting !== "" && waiting !== "PodInitializing"
          ? `Init:${waiting}`
          : `Init:${index}/${count}`
    return { ...all, ready, reason, sidecars }
  }
  return { ...all, ready, reason: undefined, sidecars }
}

function terminationText(terminated: Json): string {
  const reason = textIn(terminated, "reason")
  if (reason !== "") return reason
  const signal = numberIn(terminated, "signal")
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberIn(terminated, "exitCode")}`
}

function summarizeMain(pod: UnknownObject, before: Summary, sidecars: Restarts): Summary {
  let restarts = sidecars
  let { ready, reason } = before
  let hasRunning = false
  let failure = ""
  for (const container of itemsIn(pod["status"], "containerStatuses").toReversed()) {
    restarts = addRestarts(restarts, container)
    const state = objectIn(container, "state")
    const terminated = findObject(state, "terminated")
    const waiting = textIn(state["waiting"], "reason")
    if (waiting !== "") {
      reason = waiting
    } else if (terminated !== undefined) {
      reason = terminationText(terminated)
      if (numberIn(terminated, "exitCode") !== 0) failure = reason
    } else if (container["ready"] === true && findObject(state, "running") !== undefined) {
      hasRunning = true
      ready++
    }
  }
  if (reason === "Completed") {
    if (hasRunning && isConditionTrue(pod, "Ready")) reason = "Running"
    else if (failure !== "") reason = failure
    else if (hasRunning) reason = "NotReady"
  }
  return { ...before, ...restarts, ready, reason }
}

export const POD_CELLS: Cells = {
  Ready(pod) {
    const { ready, total } = summarize(pod)
    return `${ready}/${total}`
  },
  Status: (pod) => summarize(pod).reason,
  Restarts(pod, nowMs) {
    const { restarts, lastRestart } = summarize(pod)
    return restarts !== 0 && lastRestart !== "" ? `${restarts} (${since(lastRestart, nowMs)} ago)` : String(restarts)
  },
  IP: (pod) => textIn(itemsIn(pod["status"], "podIPs")[0], "ip") || NONE,
  Node: textAt("spec.nodeName", NONE),
  "Nominated Node": textAt("status.nominatedNodeName", NONE),
  "Readiness Gates"(pod) {
    const gates = itemsIn(pod["spec"], "readinessGates")
    if (gates.length === 0) return NONE
    return `${gates.filter((g) => isConditionTrue(pod, textIn(g, "conditionType"))).length}/${gates.length}`
  },
}
