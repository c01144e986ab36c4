// Where an agent has its bootstrap credentials from: what it was started with, or a file that somebody may replace.
import { sleep } from "#lib/clock.ts"
import type { HubEntrance } from "#agent/hub-link.ts"
import type { Runtime } from "#runtime/controller.ts"
import type { HubAddress } from "./credentials.ts"

/** How to join. */
export type Bootstrap = {
  readonly hub: HubAddress
  /** Connects as the bootstrap identity. @param address  where the hub is by now. Default: `hub` */
  readonly connect: (address?: HubAddress) => HubEntrance
}

/** Reads the credentials anew. */
export type ReloadBootstrap = {
  /** What has to be replaced to give the agent others, for people: a path. */
  readonly source: string
  /** @throws Error when they cannot be read. @returns undefined when there are none by which to join */
  readonly load: () => Promise<Bootstrap | undefined>
}

export interface BootstrapSource {
  readonly current: Bootstrap | undefined
  /** For people. */
  readonly source: string | undefined
  /** Never rejects: what cannot be read leaves the former ones. */
  refresh(): Promise<void>
  /** Resolves when the credentials name another hub than now; stays pending until then, and when `signal` aborts. */
  untilElsewhere(signal: AbortSignal): Promise<void>
}

const LOOK_MS = 60_000

export function bootstrapSource(
  { clock, log }: Pick<Runtime, "clock" | "log">,
  initial: Bootstrap | undefined,
  reload: ReloadBootstrap | undefined,
): BootstrapSource {
  let current = initial
  const refresh = async () => {
    if (reload === undefined) return
    try {
      current = await reload.load()
    } catch (error) {
      log.warn("Cannot read the bootstrap credentials anew, going on with those of before", { error })
    }
  }
  return {
    get current() {
      return current
    },
    source: reload?.source,
    refresh,
    async untilElsewhere(signal) {
      const before = JSON.stringify(current?.hub)
      while (reload !== undefined && !signal.aborted) {
        await sleep(clock, LOOK_MS, signal).catch(() => undefined)
        if (!signal.aborted) await refresh()
        if (current !== undefined && JSON.stringify(current.hub) !== before) return
      }
      return new Promise(() => {})
    },
  }
}
