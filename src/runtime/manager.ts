import type { LeaderElectionOptions } from "#kube/leader-election.ts"
import { runLeaderElected } from "#kube/leader-election.ts"
import type { Controller, Runtime } from "./controller.ts"

export type ManagerOptions = {
  readonly runtime: Runtime
  /**
   * Starts everything that writes; called once this process leads. Informers may run before: a follower with warm
   * caches takes over at once. Controllers that it returns are awaited at the end.
   */
  readonly start: (runtime: Runtime) => Promise<readonly Controller[]> | readonly Controller[]
  /** Without it the controllers start at once. */
  readonly leaderElection?: Omit<LeaderElectionOptions, "clock" | "random" | "log" | "signal">
}

/**
 * Runs a set of controllers until the runtime's signal aborts and the last reconcile is over.
 *
 * @throws LeadershipLostError when another process may lead by now: end the process, it starts anew as a follower.
 *   Whatever `start` throws
 */
export async function runManager(options: ManagerOptions): Promise<void> {
  const { runtime, leaderElection } = options
  const lead = async (signal: AbortSignal) => {
    const controllers = await options.start({ ...runtime, signal })
    await aborted(signal)
    await Promise.all(controllers.map(({ done }) => done))
  }
  if (leaderElection === undefined) return lead(runtime.signal)
  const { clock, random, log, signal } = runtime
  await runLeaderElected({ ...leaderElection, clock, random, log, signal }, lead)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
}
