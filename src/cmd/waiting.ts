// What commands wait for.
import { AVAILABLE, HUB_ACCEPTED, JOINED } from "#api/cluster/names.ts"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { CommandError, EXIT, type Terminal } from "#cli/terminal.ts"
import type { Informer } from "#kube/informer.ts"
import type { FleetMember } from "./members.ts"
import { sleep } from "#lib/clock.ts"

const POLL_MS = 25

const holds = (cluster: ManagedCluster | undefined, type: string) =>
  (cluster?.status?.conditions ?? []).some((c) => c.type === type && c.status === "True")

const isJoined = (cluster: ManagedCluster | undefined) =>
  [HUB_ACCEPTED, JOINED, AVAILABLE].every((type) => holds(cluster, type))

/** Waits until every one of them is accepted, joined and available, or detached. @returns how many are not detached */
export async function untilJoined(
  terminal: Terminal,
  clusters: Informer<ManagedCluster>,
  members: readonly FleetMember[],
  timeoutSeconds: number,
  onCount: (joined: number) => void,
): Promise<number> {
  const isDetached = ({ name, agent }: FleetMember) => agent.isDetached && clusters.get(name) === undefined
  await until(terminal, timeoutSeconds, "all members to join", () => {
    const joined = members.filter(({ name }) => isJoined(clusters.get(name))).length
    onCount(joined)
    return joined + members.filter(isDetached).length === members.length
  })
  const detached = members.filter(isDetached).map(({ name }) => name)
  if (detached.length > 0) {
    terminal.stderr(`Detached before, and not of the fleet: ${detached.join(", ")}\n`)
  }
  return members.length - detached.length
}

/** @throws CommandError when `check` does not hold in time */
export async function until(
  terminal: Terminal,
  timeoutSeconds: number,
  what: string,
  check: () => boolean,
): Promise<void> {
  const deadlineMs = terminal.clock.nowMs() + timeoutSeconds * 1000
  // What was cut off may look like what is done.
  terminal.interrupted.throwIfAborted()
  while (!check()) {
    if (terminal.clock.nowMs() > deadlineMs) {
      throw new CommandError(`Cannot wait any longer for ${what}: ${timeoutSeconds} s are over`, {
        exitCode: EXIT.timeout,
        next: "look into hawser.log in the fleet's folder, or give more time with --timeout",
      })
    }
    await sleep(terminal.clock, POLL_MS, terminal.interrupted)
  }
}
