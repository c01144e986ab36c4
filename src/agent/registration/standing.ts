import { ConnectionError } from "#lib/http.ts"
import { silentEvents, type EventRecorder, type EventRecorderOptions } from "#kube/events.ts"
import type { HubLink } from "#agent/hub-link.ts"
import type { Runtime } from "#runtime/controller.ts"
import { certificatesOf } from "./credentials.plan.ts"
import type { HubCredentials } from "./credentials.ts"
import type { SessionEnd } from "./hub-session-options.ts"
import { registrationMetrics, type RegistrationMetrics } from "./registration-metrics.ts"

/** Makes a recorder of Events that writes with a client. */
export type RecorderFactory = (client: EventRecorderOptions["client"]) => EventRecorder

/** How an agent stands with its hub, over all its sessions: what probes, metrics and Events are about. */
export interface Standing {
  /** Whether there is a certificate to speak to the hub with. A hub that is away does not change it. */
  readonly registered: boolean
  /** Why there is no certificate, and what to do about it, where that is known. */
  readonly obstacle: string | undefined
  readonly metrics: RegistrationMetrics | undefined
  /** When the hub last took the agent for a registered one; undefined when it has not. */
  readonly heardMs: number | undefined
  /** The hub had accepted the cluster, and said last that it does not. */
  readonly isDenied: boolean
  heard(): void
  denied(isDenied: boolean): void
  /** Records on the hub, through the session of the time; what is told while there is none is lost. */
  readonly hubEvents: EventRecorder
  /** A session begins with these. */
  holds(credentials: HubCredentials, hub: Pick<HubLink, "events">): void
  /** The hub let the agent in. */
  entered(): void
  left(end: SessionEnd | undefined): void
  /** Somebody has to do something before there can be a session. */
  stuck(obstacle: string): void
  end(): void
}

/** @param events  records Events through a client; without it none are */
export function newStanding(runtime: Runtime, clusterName: string, events?: RecorderFactory): Standing {
  const metrics = registrationMetrics(runtime.metrics, runtime.clock, clusterName)
  let registered = false
  let obstacle: string | undefined
  let hub: HubLink["events"] | undefined
  let heardMs: number | undefined
  let isDenied = false
  const client = () => {
    if (hub === undefined) throw new ConnectionError("There is no session with the hub")
    return hub
  }
  const hubEvents = events?.({
    create: async (...call) => client().create(...call),
    patch: async (...call) => client().patch(...call),
  })
  return {
    get registered() {
      return registered
    },
    get obstacle() {
      return obstacle
    },
    get heardMs() {
      return heardMs
    },
    get isDenied() {
      return isDenied
    },
    heard: () => void (heardMs = runtime.clock.nowMs()),
    denied: (now) => void (isDenied = now),
    stuck: (why) => void (obstacle = why),
    metrics,
    hubEvents: hubEvents ?? silentEvents,
    holds({ certificate }, connected) {
      registered = true
      obstacle = undefined
      hub = connected.events
      metrics?.certificate(Math.min(...certificatesOf(certificate).map(({ notAfterMs }) => notAfterMs)))
    },
    entered: () => metrics?.session(true),
    left(end) {
      hub = undefined
      metrics?.session(false)
      if (end?.why === "refused" || end?.why === "expired") registered = false
    },
    end: () => metrics?.end(),
  }
}
