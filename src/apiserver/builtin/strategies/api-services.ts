import { formatTime } from "#lib/clock.ts"
import { objectIn } from "#apiserver/builtin/fields.ts"
import type { KindStrategy } from "./kinds.ts"

/** What this server answers itself is there from the beginning. Source: k8s.io/kube-aggregator pkg/registry/apiservice/strategy.go. */
export const API_SERVICES: KindStrategy = {
  prepareForCreate(object, { nowMs }) {
    const isLocal = objectIn(object, "spec")["service"] === undefined
    object["status"] = isLocal ? { conditions: [localCondition(nowMs)] } : {}
  },
}

const localCondition = (nowMs: number) => ({
  type: "Available",
  status: "True",
  lastTransitionTime: formatTime(nowMs),
  reason: "Local",
  message: "Local APIServices are always available",
})
