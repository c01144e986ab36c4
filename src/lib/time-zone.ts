const DAY_MS = 86_400_000

/** What clocks on the wall of a time zone show. Wall times are written as if they were UTC, in ms since the epoch. */
export interface WallClock {
  toWall(ms: number): number
  /** @returns undefined for a time that clocks there skip; the first one for a time that they show twice */
  fromWall(wallMs: number): number | undefined
}

/** @throws RangeError for a zone that nobody knows */
export function wallClock(zone: string): WallClock {
  if (zone === "UTC" || zone === "") return { toWall: (ms) => ms, fromWall: (ms) => ms }
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  })
  const toWall = (ms: number): number => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((ms % 1000) + 1000) % 1000)
  }
  return {
    toWall,
    fromWall(wallMs) {
      // Offsets change at most once within two days: one of these two is in force.
      const offsets = [wallMs - DAY_MS, wallMs + DAY_MS].map((ms) => toWall(ms) - ms)
      const found = offsets.map((offset) => wallMs - offset).filter((ms) => toWall(ms) === wallMs)
      return found.length === 0 ? undefined : Math.min(...found)
    },
  }
}
