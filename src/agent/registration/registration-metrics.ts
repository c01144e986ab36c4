import type { Clock } from "#lib/clock.ts"
import type { Metrics } from "#lib/metrics.ts"

/** What an agent tells of its registration. Figures are made when they are asked for, so that ages and lives are true. */
export interface RegistrationMetrics {
  /** The certificate in use ends then; undefined when there is none. */
  certificate(notAfterMs: number | undefined): void
  leaseRenewed(): void
  /** Whether the hub lets the agent in at this time. */
  session(isOpen: boolean): void
  /** Takes the series away. */
  end(): void
}

export function registrationMetrics(
  metrics: Metrics | undefined,
  clock: Clock,
  cluster: string,
): RegistrationMetrics | undefined {
  if (metrics === undefined) return undefined
  const lifeLeft = metrics.gauge(
    "hawser_agent_certificate_ttl_seconds",
    "Seconds until the agent's client certificate for the hub ends; negative when it has ended.",
  )
  const leaseAge = metrics.gauge(
    "hawser_agent_lease_renewal_age_seconds",
    "Seconds since the agent last renewed its Lease on the hub.",
  )
  const connected = metrics.gauge("hawser_agent_hub_session", "Whether the hub lets the agent in.")
  const labels = { cluster }
  let notAfterMs: number | undefined
  let renewedMs: number | undefined
  connected.set(0, labels)
  const stop = metrics.onText(() => {
    const nowMs = clock.nowMs()
    if (notAfterMs === undefined) lifeLeft.remove(labels)
    else lifeLeft.set((notAfterMs - nowMs) / 1000, labels)
    if (renewedMs !== undefined) leaseAge.set((nowMs - renewedMs) / 1000, labels)
  })
  return {
    certificate: (ms) => void (notAfterMs = ms),
    leaseRenewed: () => void (renewedMs = clock.nowMs()),
    session: (isOpen) => connected.set(isOpen ? 1 : 0, labels),
    end() {
      stop()
      for (const gauge of [lifeLeft, leaseAge, connected]) gauge.remove(labels)
    },
  }
}
