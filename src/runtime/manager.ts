import type { LeaderElectionOptions } from "#kube/leader-election.ts"
import { runLeaderElected } from "#kube/leader-election.ts"
import type { Controller, Runtime } from "./controller.ts"

export type ManagerOptions = {
  readonly runtime: Runtime
  /**
   * Starts controllers and informers. Called at once, also in a process that does not lead yet: its caches and queues
   * are full when its turn comes, and no controller reconciles before.
   */
  readonly start: (runtime: Runtime) => Promise<void> | void
  /** Without it the controllers begin at once. */
  readonly leaderElection?: Pick<LeaderElectionOptions, "client" | "namespace" | "name" | "identity">
}

/**
 * Runs a set of controllers until the runtime's signal aborts and the last reconcile is over. Then the lease is given
 * back: by then nothing is written any more.
 *
 * @throws LeadershipLostError when another process may lead by now: end the process, it starts anew as a follower.
 *   Whatever `start` throws
 */
export async function runManager({ runtime, start, leaderElection }: ManagerOptions): Promise<void> {
  const over = new AbortController()
  const begin = Promise.withResolvers<void>()
  const controllers: Controller[] = []
  const group = { begun: begin.promise, add: (controller: Controller) => void controllers.push(controller) }
  const lead = async (leading: AbortSignal) => {
    begin.resolve()
    await aborted(leading)
    over.abort(leading.reason)
    await Promise.all(controllers.map(({ done }) => done))
  }
  try {
    await start({ ...runtime, signal: AbortSignal.any([runtime.signal, over.signal]), group })
    if (leaderElection === undefined) return await lead(runtime.signal)
    const { clock, random, log, signal, metrics } = runtime
    const counted = metrics === undefined ? {} : { metrics }
    await runLeaderElected({ ...leaderElection, clock, random, log, signal, ...counted }, lead)
  } finally {
    over.abort()
    begin.resolve()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
}
